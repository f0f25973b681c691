// Memory that is passed to other processes by its descriptor, in the kinds there are: sealed memfds
// (memfd.c, Linux alone) and POSIX shared memory (shm.c, macOS and Linux). memory.c maps both.
#ifndef CENOTE_SHARED_MEMORY_H
#define CENOTE_SHARED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct shared_memory {
  int fd;        // to be passed
  void *address; // this process's own mapping, shared and writable
};

struct memory_kind {
  // Makes that many bytes and maps them. `peer_writes`: who gets the descriptor may write there, too. Returns
  // NULL, or the call that failed, whose reason is in errno.
  const char *(*make)(const char *name, size_t bytes, bool peer_writes, struct shared_memory *made);
  // What speaks against mapping a peer's descriptor; NULL where nothing does.
  const char *(*refusal)(int fd);
  // How a peer's memory is mapped that is only read: mmap's protection and flags.
  int protection, flags;
  // Whether that mapping is copy-on-write, so that a stray write neither reaches the owner nor crashes.
  bool copy_on_write;
};

#ifdef __linux__
extern const struct memory_kind memfd_kind;
#endif
extern const struct memory_kind shm_kind;

#endif
