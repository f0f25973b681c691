// Allocating from the pool against making GPU buffers: node bench/pool.ts
// Both run in turns on the same device, with Dawn's lazy clear off for both; ratios are of medians.
import { type Gpu, openGpu } from "../kernel/src/gpu/index.ts";

const STORAGE = 0x80;
const ROUNDS = 300;

interface Contender {
  name: string;
  run(bytes: number): void | Promise<void>;
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

/** Median microseconds of one run of each contender, in turns. */
async function race(
  contenders: Contender[],
  bytes: number,
  batch: number,
  settle: () => Promise<void>,
): Promise<number[]> {
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < ROUNDS + 5; round++) {
    for (const [i, contender] of contenders.entries()) {
      const began = performance.now();
      for (let n = 0; n < batch; n++) {
        const done = contender.run(bytes);
        if (done) await done;
      }
      const each = ((performance.now() - began) * 1000) / batch;
      if (round >= 5) times[i]!.push(each);
    }
    await settle(); // Dawn frees destroyed buffers after later work is done
  }
  return times.map(median);
}

function pairs(gpu: Gpu): Contender[] {
  return [
    { name: "pool allocate + dispose", run: (bytes) => gpu.allocate(bytes).dispose() },
    {
      name: "createBuffer + destroy",
      run: (size) => gpu.device.createBuffer({ size, usage: STORAGE }).destroy(),
    },
  ];
}

/** Allocate, one dispatch that touches the memory, wait. */
function firstUse(gpu: Gpu): Contender[] {
  const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@compute @workgroup_size(1) fn main() { a[0] = 1u; }`;
  const touch = gpu.pipeline({ label: "touch", bindings: 1, code });
  const { device } = gpu;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  return [
    {
      name: "pool block, dispatch, wait",
      run: async (bytes) => {
        using block = gpu.allocate(bytes);
        gpu.dispatch(touch, { bindings: [{ block }], workgroups: [1] });
        await gpu.finish();
      },
    },
    {
      name: "new buffer, dispatch, wait",
      run: async (size) => {
        const buffer = device.createBuffer({ size, usage: STORAGE });
        const entries = [{ binding: 0, resource: { buffer } }];
        const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(1);
        pass.end();
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
        buffer.destroy();
      },
    },
  ];
}

function print(bytes: number, contenders: Contender[], times: number[]): void {
  const shown = contenders.map(({ name }, i) => `${name} ${times[i]!.toFixed(2)} µs`);
  const ratio = times[1]! / times[0]!;
  console.log(`${String(bytes).padStart(10)} B  ${shown.join("   ")}   ratio ${ratio.toFixed(1)}`);
}

const gpu = await openGpu();
const kind = gpu.adapter.software ? "a software adapter" : "a hardware adapter";
console.log(`${gpu.adapter.name}: ${kind}; statistics and event ring on; lazy clear off`);
using keepSlab = gpu.allocate(256);
const live = Array.from({ length: 1000 }, (_, i) => gpu.allocate(256 + (i % 64) * 256));
const settle = async () => {
  gpu.zero({ block: keepSlab });
  await gpu.finish();
};
for (const bytes of [256, 2 ** 20, 32 * 2 ** 20]) {
  print(bytes, pairs(gpu), await race(pairs(gpu), bytes, 200, settle));
}
for (const bytes of [256, 2 ** 20, 64 * 2 ** 20]) {
  print(bytes, firstUse(gpu), await race(firstUse(gpu), bytes, 3, settle));
}
for (const block of [...live, keepSlab]) block.dispose();
