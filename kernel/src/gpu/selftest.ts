// Runs on a new device what the kernels rely on, because adapters differ: compilers fold `x != x`,
// flush denormals and so on. Operands come from a buffer, so that nothing can be folded at compile time.
import type { SelfTest } from "./types.ts";

const CODE = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> d: array<u32>;
@compute @workgroup_size(1)
fn main() {
  let nan = bitcast<f32>(d[0]);
  d[8] = select(0u, 1u, (bitcast<u32>(nan) & 0x7fffffffu) > 0x7f800000u);
  d[9] = select(0u, 1u, nan != nan);
  let denormal = bitcast<f32>(d[1]);
  d[10] = bitcast<u32>(denormal + denormal);
  d[11] = d[2] + d[3];
  d[12] = d[2] * d[2];
  d[13] = bitcast<u32>(bitcast<i32>(d[4]) + 1);
  d[14] = bitcast<u32>(bitcast<i32>(d[5]) >> d[6]);
  d[15] = d[5] >> d[6];
}`;

const INPUT = Uint32Array.of(
  0x7fc00000, // NaN
  0x00000003, // a denormal
  0xffffffff,
  2,
  0x7fffffff, // i32's largest
  0x80000000, // i32's smallest
  4,
  0,
);

/** Runs the test; takes the pipeline's compile time and some milliseconds. */
export async function runSelfTest(device: GPUDevice): Promise<SelfTest> {
  const d = await runOnce(device);
  return {
    nanByBits: d[8] === 1,
    nanByCompare: d[9] === 1,
    denormals: d[10] === 6,
    integerWrap: d[11] === 1 && d[12] === 1 && d[13] === 0x80000000,
    shifts: d[14] === 0xf8000000 && d[15] === 0x08000000,
  };
}

async function runOnce(device: GPUDevice): Promise<Uint32Array> {
  // Usages by number: COPY_SRC 4, COPY_DST 8, STORAGE 128, MAP_READ 1 (WebGPU, section 5.1.2).
  const data = device.createBuffer({ label: "self-test", size: 64, usage: 128 | 4 | 8 });
  const result = device.createBuffer({ label: "self-test result", size: 64, usage: 1 | 8 });
  try {
    device.queue.writeBuffer(data, 0, INPUT);
    const module = device.createShaderModule({ label: "self-test", code: CODE });
    const pipeline = device.createComputePipeline({
      label: "self-test",
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: data } }],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(data, 0, result, 0, 64);
    device.queue.submit([encoder.finish()]);
    await result.mapAsync(1);
    return new Uint32Array(result.getMappedRange().slice(0));
  } finally {
    data.destroy();
    result.destroy();
  }
}
