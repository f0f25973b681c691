// Views: ArrayBuffers over a range of a mapping. Each holds its mapping until it is detached or collected.
#include "cenote.h"

// What V8 allows: Node has run the finalizer by the time it refuses more.
#define VIEW_LIMIT ((size_t)1 << 53)

static void view_gone(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  mapping_drop(hint);
}

// view(mapping, offset, bytes) → ArrayBuffer.
napi_value make_view(napi_env env, napi_callback_info info) {
  napi_value args[3], result;
  size_t id, offset, bytes;
  if (!read_args(env, info, 3, args) || !read_size(env, args[0], "mapping", &id) ||
      !read_size(env, args[1], "offset", &offset) || !read_size(env, args[2], "bytes", &bytes))
    return NULL;
  if (bytes == 0 || bytes > VIEW_LIMIT)
    return throw_text(env, "ERR_OUT_OF_RANGE", "a view has from 1 byte to what V8 allows");
  struct mapping *mapping = mapping_take((uint32_t)id);
  if (!mapping) return throw_text(env, "ERR_NOT_MAPPED", "no such mapping");
  if (offset > mapping_bytes(mapping) || bytes > mapping_bytes(mapping) - offset) {
    mapping_drop(mapping);
    return throw_text(env, "ERR_OUT_OF_RANGE", "the view lies outside the mapping");
  }
  // From here on the finalizer owns our reference, whether the call succeeds or not.
  napi_status made = napi_create_external_arraybuffer(env, mapping_address(mapping) + offset, bytes,
                                                      view_gone, mapping, &result);
  if (made != napi_ok) return throw_text(env, "ERR_NO_VIEW", "this runtime allows no external ArrayBuffer");
  return result;
}

// detach(buffer): every typed array over it becomes empty at once.
napi_value detach_view(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!read_args(env, info, 1, args)) return NULL;
  if (napi_detach_arraybuffer(env, args[0]) != napi_ok)
    return throw_text(env, "ERR_INVALID_ARG_TYPE", "wanted a detachable ArrayBuffer");
  return NULL;
}

// addressOf(buffer) → bigint: where its bytes lie, to be compared with /proc/self/maps.
napi_value address_of(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  void *data;
  size_t bytes;
  if (!read_args(env, info, 1, args)) return NULL;
  if (napi_get_arraybuffer_info(env, args[0], &data, &bytes) != napi_ok)
    return throw_text(env, "ERR_INVALID_ARG_TYPE", "wanted an ArrayBuffer");
  napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)data, &result);
  return result;
}
