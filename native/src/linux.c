// The calls of Linux behind platform.h.
#ifdef __linux__
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const char *peer_of(int socket, pid_t *pid, uid_t *uid) {
  struct ucred found;
  socklen_t bytes = sizeof found;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &found, &bytes) < 0) return "getsockopt(SO_PEERCRED)";
  *pid = found.pid;
  *uid = found.uid;
  return NULL;
}

int open_stream(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

int open_pipe(int ends[2], bool nonblocking) {
  return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0));
}

bool is_readable(int fd, int microseconds) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  struct timespec patience = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000L};
  return ppoll(&waiting, 1, &patience, NULL) > 0;
}
#endif
