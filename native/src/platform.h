// What each system has calls of its own for: linux.c and darwin.c.
#ifndef CENOTE_PLATFORM_H
#define CENOTE_PLATFORM_H

#include <stdbool.h>
#include <sys/types.h>

#ifdef __APPLE__
// Node ignores SIGPIPE, so that nothing need be said with each message; and what a message brings is kept from
// children afterwards.
#define MSG_NOSIGNAL 0
#define MSG_CMSG_CLOEXEC 0
#define st_mtim st_mtimespec
#endif

// Who is at the other end of a connected Unix socket. NULL, or the call that failed, its reason in errno.
const char *peer_of(int socket, pid_t *pid, uid_t *uid);

// A stream socket, and a pipe, that no child process inherits: −1 with errno.
int open_stream(void);
int open_pipe(int ends[2], bool nonblocking);

// Whether there is something to read within that time.
bool is_readable(int fd, int microseconds);

#ifdef __APPLE__
// When a living process began, in microseconds since the epoch: 0 where that can't be found out, −1 where it has
// ended. On Linux, /proc says so.
double process_began(pid_t pid);
#endif

#endif
