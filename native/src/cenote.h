// Shared by the addon's files: how a failed call becomes a JavaScript error, and how arguments are read.
#ifndef CENOTE_H
#define CENOTE_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Each returns NULL or false after it has thrown, so that callers can return NULL at once.
napi_value throw_errno(napi_env env, const char *what, int error);
napi_value throw_text(napi_env env, const char *code, const char *message);
bool read_args(napi_env env, napi_callback_info info, size_t count, napi_value *args);
bool read_size(napi_env env, napi_value value, const char *name, size_t *out);
bool read_int(napi_env env, napi_value value, const char *name, int *out);
bool read_bytes(napi_env env, napi_value value, const char *name, void **data, size_t *bytes);

void set_number(napi_env env, napi_value object, const char *key, double value);

// memory.c
napi_value create_arena(napi_env env, napi_callback_info info);
napi_value map_arena(napi_env env, napi_callback_info info);
napi_value create_sheet(napi_env env, napi_callback_info info);
napi_value map_sheet(napi_env env, napi_callback_info info);
napi_value unmap_arena(napi_env env, napi_callback_info info);
napi_value forget_writes(napi_env env, napi_callback_info info);

// view.c
napi_value make_view(napi_env env, napi_callback_info info);
napi_value detach_view(napi_env env, napi_callback_info info);
napi_value address_of(napi_env env, napi_callback_info info);

// mapping table, memory.c
struct mapping;
struct mapping *mapping_take(uint32_t id);  // one more reference, or NULL
void mapping_drop(struct mapping *mapping); // one reference less; unmaps at none
char *mapping_address(const struct mapping *mapping);
size_t mapping_bytes(const struct mapping *mapping);

// socket.c
napi_value send_descriptor(napi_env env, napi_callback_info info);
napi_value receive_descriptor(napi_env env, napi_callback_info info);
napi_value send_now(napi_env env, napi_callback_info info);
napi_value receive_now(napi_env env, napi_callback_info info);
napi_value peer_credentials(napi_env env, napi_callback_info info);
napi_value close_descriptor(napi_env env, napi_callback_info info);

// file.c
napi_value modified_at(napi_env env, napi_callback_info info);

// process.c
napi_value guard_process(napi_env env, napi_callback_info info);
napi_value note_stop_asked(napi_env env, napi_callback_info info);
napi_value process_began_at(napi_env env, napi_callback_info info); // macOS alone

#endif
