// Allocate, one dispatch that touches the memory, wait: a block of the pool against a new buffer, with Dawn's
// lazy clear on (its default) and off. That is chosen once a process, so three take turns, started from here.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { create, globals } from "webgpu";
import { openGpu } from "../../kernel/src/gpu/index.ts";
import { median, tell, times } from "./figures.ts";

const SIZES = [256, 2 ** 20, 64 * 2 ** 20];
const ROUNDS = 40;
const STORAGE = 0x80;
const CODE = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@compute @workgroup_size(1) fn main() { a[0] = 1u; }`;

type Runner = (bytes: number) => Promise<void>;

async function pooled(): Promise<Runner> {
  const gpu = await openGpu();
  const touch = gpu.pipeline({ label: "touch", bindings: 1, code: CODE });
  return async (bytes) => {
    using block = gpu.allocate(bytes);
    gpu.dispatch(touch, { bindings: [{ block }], workgroups: [1] });
    await gpu.finish();
  };
}

async function fresh(options: string[]): Promise<Runner> {
  Object.assign(globalThis, globals);
  const dawn = create(options);
  const adapter = await dawn.requestAdapter();
  const device = await adapter!.requestDevice();
  const module = device.createShaderModule({ code: CODE });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  return async (size) => {
    void dawn; // Dawn must outlive its devices
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
  };
}

const RUNNERS: Record<string, () => Promise<Runner>> = {
  pool: pooled,
  "lazy clear on": () => fresh([]),
  "lazy clear off": () => fresh(["disable-dawn-features=lazy_clear_resource_on_first_use"]),
};

/** In a process of its own: runs when asked, and answers how many microseconds it took. */
async function serve(name: string): Promise<void> {
  const run = await RUNNERS[name]!();
  process.on("message", async (bytes: number) => {
    const began = performance.now();
    await run(bytes);
    process.send!((performance.now() - began) * 1000);
  });
  process.send!("ready");
}

async function ask(child: ChildProcess, bytes: number): Promise<number> {
  child.send(bytes);
  const [answer] = await once(child, "message");
  return answer;
}

async function compare(): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const children = Object.keys(RUNNERS).map((name) => fork(file, [name]));
  await Promise.all(children.map((child) => once(child, "message")));
  for (const bytes of SIZES) {
    const found = children.map((): number[] => []);
    for (let round = -5; round < ROUNDS; round++) {
      for (const [i, child] of children.entries()) {
        const time = await ask(child, bytes);
        if (round >= 0) found[i]!.push(time);
      }
    }
    const [mine, on, off] = found.map(median) as [number, number, number];
    const size = bytes < 2 ** 20 ? `${bytes} B` : `${bytes / 2 ** 20} MiB`;
    const against = (time: number) => `${times(time / mine)} (${time.toFixed(0)} µs)`;
    tell({
      name: `${size} block: allocate, dispatch, wait`,
      found: `${mine.toFixed(0)} µs; a new buffer ${against(on)} with lazy clear on, ${against(off)} off`,
      goal: bytes === SIZES.at(-1) ? "state both" : "",
    });
  }
  for (const child of children) child.kill();
}

const [role] = process.argv.slice(2);
if (role === undefined) await compare();
else await serve(role);
