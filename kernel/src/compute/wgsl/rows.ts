// How the kernels that treat rows one by one begin: `i` runs over p[0].x rows, neighbouring rows in
// neighbouring invocations, whatever the number of workgroups.

export const EACH_INVOCATION = "fn main(@builtin(global_invocation_id) id: vec3u) {";

export const EACH_ROW = `fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var i = id.x; i < p[0].x; i += groups.x * 64u) {`;
