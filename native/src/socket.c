// What Node's own sockets can't do: pass a descriptor, and say who is at the other end.
#define _GNU_SOURCE
#include "cenote.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 8, MOST_REPLY = 4096 };

// sendDescriptor(socket, bytes, fd) → bytes sent (the rest, if any, is the caller's to send); −1 when the
// socket is full.
napi_value send_descriptor(napi_env env, napi_callback_info info) {
  napi_value args[3], result;
  int socket, fd;
  void *data;
  size_t bytes;
  if (!read_args(env, info, 3, args) || !read_int(env, args[0], "socket", &socket) ||
      !read_bytes(env, args[1], "bytes", &data, &bytes) || !read_int(env, args[2], "fd", &fd))
    return NULL;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec part = {.iov_base = data, .iov_len = bytes};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return throw_errno(env, "sendmsg", errno);
  napi_create_double(env, (double)sent, &result);
  return result;
}

// peerCredentials(socket) → { pid, uid } of the process that connected, or that listens.
napi_value peer_credentials(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  int socket;
  if (!read_args(env, info, 1, args) || !read_int(env, args[0], "socket", &socket)) return NULL;
  pid_t pid;
  uid_t uid;
  const char *failed = peer_of(socket, &pid, &uid);
  if (failed) return throw_errno(env, failed, errno);
  napi_create_object(env, &result);
  set_number(env, result, "pid", pid);
  set_number(env, result, "uid", uid);
  return result;
}

napi_value close_descriptor(napi_env env, napi_callback_info info) {
  napi_value args[1];
  int fd;
  if (!read_args(env, info, 1, args) || !read_int(env, args[0], "fd", &fd)) return NULL;
  if (close(fd) < 0) return throw_errno(env, "close", errno);
  return NULL;
}

// receiveNow(socket, microseconds) → what comes within that time, as far as it came at once: an empty Buffer
// when the peer has closed the connection, undefined when nothing has come. It blocks the thread: for replies
// that take less time than a turn of the event loop. A pipe will do as well.
napi_value receive_now(napi_env env, napi_callback_info info) {
  enum { MOST = 65536 };
  napi_value args[2], result = NULL;
  int socket, microseconds;
  char bytes[MOST];
  if (!read_args(env, info, 2, args) || !read_int(env, args[0], "socket", &socket) ||
      !read_int(env, args[1], "microseconds", &microseconds))
    return NULL;
  if (!is_readable(socket, microseconds)) return NULL;
  ssize_t some = read(socket, bytes, MOST);
  if (some < 0) return NULL; // libuv will meet the same error, and tell of it
  napi_create_buffer_copy(env, (size_t)some, bytes, NULL, &result);
  return result;
}

// sendNow(socket, bytes) → bytes sent; −1 when the socket is full, or an error that libuv will meet as well.
napi_value send_now(napi_env env, napi_callback_info info) {
  napi_value args[2], result;
  int socket;
  void *data;
  size_t bytes;
  if (!read_args(env, info, 2, args) || !read_int(env, args[0], "socket", &socket) ||
      !read_bytes(env, args[1], "bytes", &data, &bytes))
    return NULL;
  ssize_t sent;
  do sent = send(socket, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  napi_create_double(env, (double)sent, &result);
  return result;
}

// One request for a descriptor, made on a thread of libuv's pool so that a slow peer blocks no JavaScript.
struct request {
  napi_async_work work;
  napi_deferred deferred;
  struct sockaddr_un address;
  int timeout_ms;
  char *frame;
  size_t frame_bytes;
  int fd; // received, or −1
  int error;
  const char *failed; // the call that failed, or what was wrong
  char reply[MOST_REPLY];
  size_t reply_bytes;
};

static int64_t now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static bool fail(struct request *request, const char *what, int error) {
  request->failed = what;
  request->error = error;
  return false;
}

static bool wait_for(struct request *request, int socket, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    if (left < 0) return fail(request, "poll", ETIMEDOUT);
    struct pollfd waiting = {.fd = socket, .events = events};
    int ready = poll(&waiting, 1, (int)left);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return fail(request, "poll", errno);
  }
}

static bool send_all(struct request *request, int socket, int64_t deadline) {
  size_t sent = 0;
  while (sent < request->frame_bytes) {
    ssize_t some =
        send(socket, request->frame + sent, request->frame_bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (some >= 0) sent += (size_t)some;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(request, socket, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) return fail(request, "send", errno);
  }
  return true;
}

// Keeps the first descriptor and closes any other: a peer must not be able to fill our table.
static void take_descriptors(struct request *request, struct msghdr *message) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
      if (!MSG_CMSG_CLOEXEC) fcntl(fd, F_SETFD, FD_CLOEXEC);
      if (request->fd < 0) request->fd = fd;
      else close(fd);
    }
  }
}

// Reads until a descriptor comes, the peer ends the connection, or it has said more than any reply is.
static bool receive(struct request *request, int socket, int64_t deadline) {
  while (request->fd < 0) {
    if (request->reply_bytes == MOST_REPLY) return fail(request, "a reply without a descriptor", EPROTO);
    if (!wait_for(request, socket, POLLIN, deadline)) return false;
    union {
      struct cmsghdr align;
      char bytes[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
    } control;
    struct iovec part = {.iov_base = request->reply + request->reply_bytes,
                         .iov_len = MOST_REPLY - request->reply_bytes};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t some = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (some < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (some < 0) return fail(request, "recvmsg", errno);
    if (some == 0) return fail(request, "the peer closed the connection", ECONNRESET);
    request->reply_bytes += (size_t)some;
    take_descriptors(request, &message);
  }
  return true;
}

static void execute(napi_env env, void *data) {
  (void)env;
  struct request *request = data;
  int64_t deadline = now_ms() + request->timeout_ms;
  int socket_fd = open_stream();
  if (socket_fd < 0) {
    fail(request, "socket", errno);
    return;
  }
  // Without SOCK_NONBLOCK a full backlog would block for ever: SO_SNDTIMEO bounds a Unix connect.
  struct timeval limit = {.tv_sec = request->timeout_ms / 1000,
                          .tv_usec = (request->timeout_ms % 1000) * 1000};
  setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(socket_fd, (struct sockaddr *)&request->address, sizeof request->address) < 0)
    fail(request, "connect", errno);
  else if (send_all(request, socket_fd, deadline)) receive(request, socket_fd, deadline);
  close(socket_fd);
}

static void complete(napi_env env, napi_status status, void *data) {
  struct request *request = data;
  napi_value value;
  if (status == napi_ok && request->fd >= 0) {
    napi_create_int32(env, request->fd, &value);
    napi_resolve_deferred(env, request->deferred, value);
  } else {
    char text[512];
    snprintf(text, sizeof text, "%s: %s", request->failed ? request->failed : "cancelled",
             strerror(request->error));
    napi_value message;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, NULL, message, &value);
    napi_reject_deferred(env, request->deferred, value);
  }
  napi_delete_async_work(env, request->work);
  free(request->frame);
  free(request);
}

// receiveDescriptor(path, frame, timeoutMs) → promise of the descriptor that the peer answers with.
napi_value receive_descriptor(napi_env env, napi_callback_info info) {
  napi_value args[3], promise, name;
  void *frame;
  size_t frame_bytes, path_bytes;
  int timeout_ms;
  if (!read_args(env, info, 3, args) || !read_bytes(env, args[1], "frame", &frame, &frame_bytes) ||
      !read_int(env, args[2], "timeoutMs", &timeout_ms))
    return NULL;
  struct request *request = calloc(1, sizeof *request);
  char *copy = request ? malloc(frame_bytes ? frame_bytes : 1) : NULL;
  if (!copy) {
    free(request);
    return throw_errno(env, "malloc", ENOMEM);
  }
  request->frame = memcpy(copy, frame, frame_bytes);
  request->frame_bytes = frame_bytes;
  request->timeout_ms = timeout_ms;
  request->fd = -1;
  request->address.sun_family = AF_UNIX;
  if (napi_get_value_string_utf8(env, args[0], NULL, 0, &path_bytes) != napi_ok ||
      path_bytes >= sizeof request->address.sun_path) {
    free(copy);
    free(request);
    return throw_text(env, "ERR_SOCKET_PATH", "path: wanted a string of at most 107 bytes");
  }
  napi_get_value_string_utf8(env, args[0], request->address.sun_path, sizeof request->address.sun_path,
                             NULL);
  napi_create_promise(env, &request->deferred, &promise);
  napi_create_string_utf8(env, "cenote:receiveDescriptor", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, execute, complete, request, &request->work);
  napi_queue_async_work(env, request->work);
  return promise;
}
