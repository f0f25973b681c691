// POSIX shared memory, whose name is taken back at once: from then on only descriptors lead there.
//
// Who gets one that was opened for reading alone can't map it for writing. There are no seals. macOS lets
// the size be set once in such memory's life, and so nobody can shrink it (bsd/kern/posix_shm.c, pshm_truncate);
// on Linux its owner could, which would kill its readers. macOS maps it MAP_SHARED or not at all (pshm_mmap), so
// that there is no copy-on-write: a stray write to what was mapped for reading kills the process.
#define _GNU_SOURCE
#include "shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

// macOS takes names of at most 31 bytes.
enum { NAME_BYTES = 32, TRIES = 100 };

static atomic_uint last;

// Opens memory of a new name for writing, and once more for reading; the name is gone afterwards.
static const char *open_new(int *writable, int *readable) {
  char name[NAME_BYTES];
  for (int i = 0; i < TRIES; i++) {
    snprintf(name, sizeof name, "/cenote-%d-%u", (int)getpid(), atomic_fetch_add(&last, 1));
    *writable = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (*writable >= 0 || errno != EEXIST) break; // else left behind by a process that was killed right here
  }
  if (*writable < 0) return "shm_open";
  *readable = shm_open(name, O_RDONLY, 0);
  int error = errno;
  shm_unlink(name);
  if (*readable >= 0) return NULL;
  close(*writable);
  errno = error;
  return "shm_open for reading";
}

static const char *make(const char *name, size_t bytes, bool peer_writes, struct shared_memory *made) {
  (void)name; // nobody sees it
  int writable, readable;
  const char *failed = open_new(&writable, &readable);
  if (failed) return failed;
  void *address = MAP_FAILED;
  if (ftruncate(writable, (off_t)bytes) < 0) failed = "ftruncate";
  else if ((address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0)) == MAP_FAILED)
    failed = "mmap";
  int error = errno;
  if (failed || !peer_writes) close(writable);
  if (failed || peer_writes) close(readable);
  errno = error;
  if (!failed)
    *made = (struct shared_memory){.fd = peer_writes ? writable : readable, .address = address};
  return failed;
}

static const char *refusal(int fd) {
  (void)fd;
  return NULL;
}

const struct memory_kind shm_kind = {
    .make = make,
    .refusal = refusal,
    .protection = PROT_READ,
    .flags = MAP_SHARED,
    .copy_on_write = false,
};
