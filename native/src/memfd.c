// Sealed memfds: nobody can resize them, and but for the owner's mapping, which is made before the seals,
// nobody can write there.
#ifdef __linux__
#define _GNU_SOURCE
#include "shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static const char *make(const char *name, size_t bytes, bool peer_writes, struct shared_memory *made) {
  int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL | (peer_writes ? 0 : F_SEAL_FUTURE_WRITE);
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return "memfd_create";
  const char *failed = NULL;
  void *address = MAP_FAILED;
  if (ftruncate(fd, (off_t)bytes) < 0) failed = "ftruncate";
  else if ((address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
    failed = "mmap";
  else if (fcntl(fd, F_ADD_SEALS, seals) < 0) failed = "fcntl(F_ADD_SEALS)";
  if (failed) {
    int error = errno;
    if (address != MAP_FAILED) munmap(address, bytes);
    close(fd);
    errno = error;
    return failed;
  }
  *made = (struct shared_memory){.fd = fd, .address = address};
  return NULL;
}

// Touching a page that the owner has cut off would kill us with SIGBUS.
static const char *refusal(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && seals & F_SEAL_SHRINK
             ? NULL
             : "the descriptor is not a memfd that is sealed against shrinking";
}

const struct memory_kind memfd_kind = {
    .make = make,
    .refusal = refusal,
    .protection = PROT_READ | PROT_WRITE,
    .flags = MAP_PRIVATE | MAP_NORESERVE,
    .copy_on_write = true,
};
#endif
