// The addon's surface, and the small helpers that its files share. It holds no state of an environment,
// so that the main thread and worker threads can each load it.
#define _GNU_SOURCE
#include "cenote.h"

#include <stdio.h>
#include <string.h>

napi_value throw_text(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

napi_value throw_errno(napi_env env, const char *what, int error) {
  char text[256];
  snprintf(text, sizeof text, "%s: %s", what, strerror(error));
  return throw_text(env, "ERR_SYSTEM", text);
}

bool read_args(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  size_t found = count;
  napi_get_cb_info(env, info, &found, args, NULL, NULL);
  if (found >= count) return true;
  throw_text(env, "ERR_MISSING_ARGS", "too few arguments");
  return false;
}

static bool wanted(napi_env env, const char *name, const char *what) {
  char text[128];
  snprintf(text, sizeof text, "%s: wanted %s", name, what);
  throw_text(env, "ERR_INVALID_ARG_TYPE", text);
  return false;
}

bool read_size(napi_env env, napi_value value, const char *name, size_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 0) ||
      number > 9007199254740991.0)
    return wanted(env, name, "a whole number from 0 to 2^53 - 1");
  *out = (size_t)number;
  return true;
}

bool read_int(napi_env env, napi_value value, const char *name, int *out) {
  if (napi_get_value_int32(env, value, out) != napi_ok || *out < 0)
    return wanted(env, name, "an integer from 0");
  return true;
}

bool read_bytes(napi_env env, napi_value value, const char *name, void **data, size_t *bytes) {
  bool is_buffer;
  if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer)
    return wanted(env, name, "a Uint8Array");
  return napi_get_buffer_info(env, value, data, bytes) == napi_ok;
}

void set_number(napi_env env, napi_value object, const char *key, double value) {
  napi_value number;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, key, number);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {
      {"createArena", create_arena},
      {"mapArena", map_arena},
      {"createSheet", create_sheet},
      {"mapSheet", map_sheet},
      {"unmapArena", unmap_arena},
      {"forgetWrites", forget_writes},
      {"view", make_view},
      {"detach", detach_view},
      {"addressOf", address_of},
      {"sendDescriptor", send_descriptor},
      {"receiveDescriptor", receive_descriptor},
      {"receiveNow", receive_now},
      {"sendNow", send_now},
      {"peerCredentials", peer_credentials},
      {"closeDescriptor", close_descriptor},
      {"modifiedAt", modified_at},
      {"guardProcess", guard_process},
      {"stopAsked", note_stop_asked},
#ifdef __APPLE__
      {"processBegan", process_began_at},
#endif
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
