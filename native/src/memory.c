// Arenas of shared memory, and the mappings of them that this process holds.
//
// The mapping table is the process's, not a thread's: the main thread maps and writes an arena, and the
// serving thread reads the same mapping. A mapping lives until its owner has let go of it and the last
// view (view.c) is gone, so that no view can outlive its pages.
#define _GNU_SOURCE
#include "cenote.h"
#include "shared_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes of a mapping from which it is unmapped in a thread of its own.
#define FREED_APART ((size_t)16 << 20)

struct mapping {
  struct mapping *next;
  uint32_t id;
  uint32_t references;
  bool open; // its owner has not let go of it yet; that counts as one reference
  char *address;
  size_t bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mappings;
static uint32_t last_id;

char *mapping_address(const struct mapping *mapping) { return mapping->address; }
size_t mapping_bytes(const struct mapping *mapping) { return mapping->bytes; }

static struct mapping *find(uint32_t id) {
  struct mapping *at = mappings;
  while (at && at->id != id) at = at->next;
  return at && at->open ? at : NULL;
}

struct mapping *mapping_take(uint32_t id) {
  pthread_mutex_lock(&lock);
  struct mapping *found = find(id);
  if (found) found->references++;
  pthread_mutex_unlock(&lock);
  return found;
}

static void *unmap(void *data) {
  struct mapping *mapping = data;
  munmap(mapping->address, mapping->bytes);
  free(mapping);
  return NULL;
}

// With the last mapping the pages are freed, a gigabyte in a tenth of a second: not in a thread that serves.
static void unmap_apart(struct mapping *mapping) {
  pthread_t thread;
  if (mapping->bytes < FREED_APART || pthread_create(&thread, NULL, unmap, mapping) != 0) unmap(mapping);
  else pthread_detach(thread);
}

void mapping_drop(struct mapping *mapping) {
  pthread_mutex_lock(&lock);
  bool last = --mapping->references == 0;
  if (last) {
    struct mapping **at = &mappings;
    while (*at != mapping) at = &(*at)->next;
    *at = mapping->next;
  }
  pthread_mutex_unlock(&lock);
  if (last) unmap_apart(mapping);
}

// Takes over `address`; returns the new mapping's id, or 0 when there is no memory for its record.
static uint32_t mapping_add(void *address, size_t bytes) {
  struct mapping *added = calloc(1, sizeof *added);
  if (!added) {
    munmap(address, bytes);
    return 0;
  }
  added->references = 1;
  added->open = true;
  added->address = address;
  added->bytes = bytes;
  pthread_mutex_lock(&lock);
  added->id = ++last_id;
  added->next = mappings;
  mappings = added;
  pthread_mutex_unlock(&lock);
  return added->id;
}

static const struct memory_kind *kind;

static void choose_kind(void) {
#ifdef __linux__
  const char *wanted = getenv("CENOTE_SEGMENT");
  kind = wanted && strcmp(wanted, "shm") == 0 ? &shm_kind : &memfd_kind;
#else
  kind = &shm_kind;
#endif
}

// The same for the whole life of the process.
static const struct memory_kind *memory_kind(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, choose_kind);
  return kind;
}

// Memory to be passed, and this process's writable mapping of it. Gives { fd, mapping }.
static napi_value create_memory(napi_env env, const char *name, size_t bytes, bool peer_writes) {
  struct shared_memory made;
  const char *failed = memory_kind()->make(name, bytes, peer_writes, &made);
  if (failed) return throw_errno(env, failed, errno);
  uint32_t id = mapping_add(made.address, bytes);
  if (!id) {
    close(made.fd);
    return throw_errno(env, "calloc", ENOMEM);
  }
  napi_value result;
  napi_create_object(env, &result);
  set_number(env, result, "fd", made.fd);
  set_number(env, result, "mapping", id);
  return result;
}

// createArena(name, bytes) → { fd, mapping }: others can neither write, shrink nor grow the file.
napi_value create_arena(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t bytes;
  char name[64];
  if (!read_args(env, info, 2, args) || !read_size(env, args[1], "bytes", &bytes)) return NULL;
  if (napi_get_value_string_utf8(env, args[0], name, sizeof name, NULL) != napi_ok)
    return throw_text(env, "ERR_INVALID_ARG_TYPE", "name: wanted a string");
  return create_memory(env, name, bytes, false);
}

// createSheet(bytes) → { fd, mapping }: one that the peer which gets the descriptor writes to.
napi_value create_sheet(napi_env env, napi_callback_info info) {
  napi_value args[1];
  size_t bytes;
  if (!read_args(env, info, 1, args) || !read_size(env, args[0], "bytes", &bytes)) return NULL;
  return create_memory(env, "cenote-sheet", bytes, true);
}

// Maps another's memory. Refused unless it is that large and may be mapped.
static napi_value map_memory(napi_env env, napi_callback_info info, int protection, int flags) {
  napi_value args[2], result;
  int fd;
  size_t bytes;
  if (!read_args(env, info, 2, args) || !read_int(env, args[0], "fd", &fd) ||
      !read_size(env, args[1], "bytes", &bytes))
    return NULL;
  const char *refusal = memory_kind()->refusal(fd);
  if (refusal) return throw_text(env, "ERR_NOT_SEALED", refusal);
  struct stat found;
  if (fstat(fd, &found) < 0) return throw_errno(env, "fstat", errno);
  if ((uint64_t)found.st_size < bytes)
    return throw_text(env, "ERR_ARENA_SIZE", "the arena is smaller than its owner says");
  void *address = mmap(NULL, bytes, protection, flags, fd, 0);
  if (address == MAP_FAILED) return throw_errno(env, "mmap", errno);
  uint32_t id = mapping_add(address, bytes);
  if (!id) return throw_errno(env, "calloc", ENOMEM);
  napi_create_uint32(env, id, &result);
  return result;
}

// mapArena(fd, bytes) → mapping: to be read.
napi_value map_arena(napi_env env, napi_callback_info info) {
  return map_memory(env, info, memory_kind()->protection, memory_kind()->flags);
}

// mapSheet(fd, bytes) → mapping: what is written there reaches the owner.
napi_value map_sheet(napi_env env, napi_callback_info info) {
  return map_memory(env, info, PROT_READ | PROT_WRITE, MAP_SHARED);
}

// unmapArena(mapping): lets go of it; the pages go with the last view. False when it was not open.
napi_value unmap_arena(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  size_t id;
  if (!read_args(env, info, 1, args) || !read_size(env, args[0], "mapping", &id)) return NULL;
  pthread_mutex_lock(&lock);
  struct mapping *found = find((uint32_t)id);
  if (found) found->open = false;
  pthread_mutex_unlock(&lock);
  if (found) mapping_drop(found);
  napi_get_boolean(env, found != NULL, &result);
  return result;
}

// forgetWrites(mapping, offset, bytes): drops this process's own copies of pages that it wrote to in a
// copy-on-write mapping, so that the next reader of the range sees what its owner has put there since. Nothing
// where mappings are not of that kind.
napi_value forget_writes(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t id, offset, bytes;
  if (!read_args(env, info, 3, args) || !read_size(env, args[0], "mapping", &id) ||
      !read_size(env, args[1], "offset", &offset) || !read_size(env, args[2], "bytes", &bytes))
    return NULL;
  struct mapping *found = mapping_take((uint32_t)id);
  if (!found) return throw_text(env, "ERR_NOT_MAPPED", "no such mapping");
  bool inside = offset <= found->bytes && bytes <= found->bytes - offset;
  int failed = inside && memory_kind()->copy_on_write ? madvise(found->address + offset, bytes, MADV_DONTNEED) : 0;
  int error = errno;
  mapping_drop(found);
  if (!inside) return throw_text(env, "ERR_OUT_OF_RANGE", "the range lies outside the mapping");
  return failed ? throw_errno(env, "madvise", error) : NULL;
}
