// What the machine can do at most: a kernel of nothing but multiplications and additions in registers.
import type { Gpu } from "../../kernel/src/gpu/index.ts";
import { median, type Times, timed } from "./measure.ts";

/** Sums that each invocation has, none of which waits for another. */
const SUMS = 12;
const STEPS = 4096;
const GROUP = 64;
const GROUPS = 64;

const names = Array.from({ length: SUMS }, (_, i) => `s${i}`);
const code = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = 1.0 - f32(id.x) * 1e-9;
  let y = f32(id.x) * 1e-9;
${names.map((name, i) => `  var ${name} = f32(id.x + ${i}u);`).join("\n")}
  for (var k = 0u; k < ${STEPS}u; k++) {
${names.map((name) => `    ${name} = ${name} * x + y;`).join("\n")}
  }
  out[id.x] = ${names.join(" + ")};
}`;

/** Operations of f32 in a nanosecond (GFLOP/s), by the wall and by the processor's time: the median of so many runs. */
export async function peakOf(gpu: Gpu, runs: number): Promise<Times> {
  const pipeline = gpu.pipeline({ label: "peak", code, bindings: 1 });
  using block = gpu.allocate(GROUP * GROUPS * 4, { tag: "peak" });
  const found: Times[] = [];
  for (let run = 0; run <= runs; run++) {
    const took = await timed(async () => {
      gpu.dispatch(pipeline, { bindings: [{ block }], workgroups: [GROUPS] });
      await gpu.finish();
    });
    if (run > 0) found.push(took);
  }
  const done = (2 * SUMS * STEPS * GROUP * GROUPS) / 1e6;
  const rate = (kind: keyof Times) => done / median(found.map((took) => took[kind]));
  return { wall: rate("wall"), processor: rate("processor") };
}
