// What a kernel asks of its own process: to read what is written to its standard streams by other than
// its JavaScript (child processes, native code), and to be told before V8's heap is full or the process
// aborts. Another thread of the kernel reads all this.
#define _GNU_SOURCE
#include "cenote.h"
#include "platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  PIPE_BYTES = 1 << 20,
  // The heap may grow by a quarter of its limit and a little more, twice, until its code is stopped.
  SHARE = 4,
  LEAST_STEP = 64 << 20,
  MOST_STEPS = 2,
  // So long at most the reader gets to ask V8 to stop the code, and to say why the process ends.
  STOP_MS = 500,
  END_MS = 5000,
};

// One kernel a process; −1 until it is guarded.
static int terminal = -1;
static int error_pipe = -1;
static int alarm_pipe = -1;
static pthread_t guarded_thread;
// Set once V8 is asked to stop the guarded thread's code.
static atomic_bool stop_asked;

static void sleep_ms(long ms) {
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

// ---- standard streams ----

// Puts a pipe in the place of a stream, which children inherit. Returns the end to read, or −1.
static int replace_stream(int stream) {
  int ends[2];
  if (open_pipe(ends, false) != 0) return -1;
#ifdef F_SETPIPE_SZ
  fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); // or as it was
#endif
  bool done = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && dup2(ends[1], stream) >= 0;
  int error = errno;
  close(ends[1]);
  if (done) return ends[0];
  close(ends[0]);
  errno = error;
  return -1;
}

// ---- the end ----

// V8, Node and libraries say on stderr why they abort. The reader is given time to pass that on and to end
// the process; if it doesn't, or is the one that aborts, the terminal gets it.
static void pass_last_words(int signal_number) {
  if (pthread_equal(pthread_self(), guarded_thread) && write(alarm_pipe, "x", 1) == 1) sleep_ms(END_MS);
  char text[4096];
  ssize_t count;
  while ((count = read(error_pipe, text, sizeof text)) > 0)
    if (write(terminal, text, (size_t)count) < 0) break;
  raise(signal_number); // its default now, by SA_RESETHAND
}

static void catch_aborts(void) {
  struct sigaction last = {.sa_handler = pass_last_words, .sa_flags = SA_RESETHAND | SA_NODEFER};
  // Not SIGSEGV, which V8 needs for WebAssembly.
  sigaction(SIGABRT, &last, NULL);
  sigaction(SIGILL, &last, NULL);
  sigaction(SIGTRAP, &last, NULL);
}

// ---- the heap ----

// Node-API has no call for these. Node exports V8's own, whose names are those of the Itanium C++ ABI; a
// member function takes `this` first. Where a later V8 has other names, a full heap is an abort.
typedef size_t near_limit_callback(void *data, size_t limit, size_t initial);
typedef void *get_current(void);
typedef void add_callback(void *isolate, near_limit_callback *callback, void *data);
typedef void restore_limit(void *isolate, double threshold);

// Called by V8 when collecting garbage didn't free enough; V8 stops the code, if asked to, once this returns.
static size_t near_limit(void *data, size_t limit, size_t initial) {
  (void)data;
  size_t step = initial / SHARE + LEAST_STEP;
  if (limit > initial + (MOST_STEPS - 1) * step) return limit; // V8 aborts
  atomic_store(&stop_asked, false);
  if (write(alarm_pipe, "h", 1) == 1)
    for (int waited = 0; waited < STOP_MS && !atomic_load(&stop_asked); waited++) sleep_ms(1);
  return limit + step;
}

// stopAsked(): V8 has been asked to stop the guarded thread's code, which may wait for this.
napi_value note_stop_asked(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  atomic_store(&stop_asked, true);
  return NULL;
}

static void watch_heap(void) {
  get_current *current = (get_current *)dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  add_callback *add = (add_callback *)dlsym(
      RTLD_DEFAULT, "_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_");
  restore_limit *restore = (restore_limit *)dlsym(
      RTLD_DEFAULT, "_ZN2v87Isolate36AutomaticallyRestoreInitialHeapLimitEd");
  if (!current || !add || !restore) return;
  add(current(), near_limit, NULL);
  // The limit is what it was once less than this part of it is in use.
  restore(current(), 0.9);
}

// guardProcess() → { stdout, stderr, alarm, terminal }: descriptors. The first three are to be read: what is
// written to the streams; "h" when the heap of the calling thread is nearly full, to which the answer is to
// stop its code and to call stopAsked; "x" when that thread aborts, to which the answer is to end the process. `terminal` is what
// stderr was.
napi_value guard_process(napi_env env, napi_callback_info info) {
  (void)info;
  if (terminal >= 0) return throw_text(env, "ERR_INVALID_STATE", "the process is guarded already");
  int alarm[2];
  if (open_pipe(alarm, true) != 0) return throw_errno(env, "pipe", errno);
  int kept_out = fcntl(1, F_DUPFD_CLOEXEC, 3);
  int kept_error = fcntl(2, F_DUPFD_CLOEXEC, 3);
  int out = kept_out < 0 || kept_error < 0 ? -1 : replace_stream(1);
  int error = out < 0 ? -1 : replace_stream(2);
  if (error < 0) {
    int why = errno;
    if (out >= 0) dup2(kept_out, 1);
    int open[] = {out, kept_error, kept_out, alarm[0], alarm[1]};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
      if (open[i] >= 0) close(open[i]);
    return throw_errno(env, "reading the standard streams", why);
  }
  close(kept_out);
  terminal = kept_error;
  error_pipe = error;
  alarm_pipe = alarm[1];
  guarded_thread = pthread_self();
  catch_aborts();
  watch_heap();
  napi_value descriptors;
  napi_create_object(env, &descriptors);
  set_number(env, descriptors, "stdout", out);
  set_number(env, descriptors, "stderr", error);
  set_number(env, descriptors, "alarm", alarm[0]);
  set_number(env, descriptors, "terminal", terminal);
  return descriptors;
}

#ifdef __APPLE__
// processBegan(pid) → microseconds since the epoch; 0 where that can't be found out, −1 where it has ended.
napi_value process_began_at(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  int pid;
  if (!read_args(env, info, 1, args) || !read_int(env, args[0], "pid", &pid)) return NULL;
  napi_create_double(env, process_began(pid), &result);
  return result;
}
#endif
