// The calls of macOS behind platform.h. Compiled, and not yet run on such a machine.
#ifdef __APPLE__
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *peer_of(int socket, pid_t *pid, uid_t *uid) {
  gid_t group;
  if (getpeereid(socket, uid, &group) < 0) return "getpeereid";
  socklen_t bytes = sizeof *pid;
  if (getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, pid, &bytes) < 0) return "getsockopt(LOCAL_PEERPID)";
  return NULL;
}

static bool keep_from_children(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }

int open_stream(void) {
  int made = socket(AF_UNIX, SOCK_STREAM, 0);
  if (made >= 0) keep_from_children(made);
  return made;
}

int open_pipe(int ends[2], bool nonblocking) {
  if (pipe(ends) != 0) return -1;
  bool done = true;
  for (int i = 0; i < 2; i++) {
    done = done && keep_from_children(ends[i]);
    if (nonblocking) done = done && fcntl(ends[i], F_SETFL, O_NONBLOCK) == 0;
  }
  if (done) return 0;
  int error = errno;
  close(ends[0]);
  close(ends[1]);
  errno = error;
  return -1;
}

// In whole milliseconds, rounded up: there is no ppoll.
bool is_readable(int fd, int microseconds) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  return poll(&waiting, 1, (microseconds + 999) / 1000) > 0;
}

double process_began(pid_t pid) {
  enum { ZOMBIE = 5 }; // SZOMB of sys/proc.h
  struct proc_bsdinfo found;
  errno = 0;
  int bytes = proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &found, sizeof found);
  if (bytes < (int)sizeof found) return errno == ESRCH ? -1 : 0;
  if (found.pbi_status == ZOMBIE) return -1;
  return (double)found.pbi_start_tvsec * 1e6 + (double)found.pbi_start_tvusec;
}
#endif
