// npm run bench -- staging [--rounds N]: bandwidth of uploads through the ring of staging pages, beside a plain
// copy of the same bytes between warm arrays, and beside queue.writeBuffer; interleaved, medians.
//   taken     until upload() resolves: the bytes are the caller's again
//   arrived   until the GPU has copied them into the block as well
//   thread    as taken, in processor time of the main thread: other programs on the machine don't count
// Small sizes go round as many arrays and blocks as make 64 MB, so that no side works out of its caches.
import { parseArgs } from "node:util";
import { openGpu } from "../kernel/src/gpu/index.ts";

const SIZES_MB = [1, 4, 16, 64, 128, 256];
const AROUND_MB = 64;
const STORAGE_AND_COPY = 0x8c; // as the pool's slabs
const { values } = parseArgs({ options: { rounds: { type: "string", default: "9" } } });
const gpu = await openGpu();
const { device } = gpu;

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

/** The system may count processor time in ticks of milliseconds, so that only sums tell. */
const sum = (times: number[]) => times.reduce((total, time) => total + time, 0);

/** Milliseconds by the clock, and of the main thread's processor time. */
async function timed(body: () => unknown): Promise<{ ms: number; thread: number }> {
  const before = process.threadCpuUsage();
  const began = performance.now();
  await body();
  const ms = performance.now() - began;
  const { user, system } = process.threadCpuUsage(before);
  return { ms, thread: (user + system) / 1000 };
}

/** Until everything was done, and the pages are mapped again. */
async function settle(): Promise<void> {
  await gpu.finish();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function head(): void {
  const { name, software } = gpu.adapter;
  console.log(`${name}${software ? " (software: the GPU's copies run on the same cores)" : ""}`);
  const columns = ["memcpy GB/s", "thread", "taken", "arrived", "writeBuffer taken", "arrived"];
  console.log(`${"size".padStart(8)}${columns.map((text) => text.padStart(19)).join("")}`);
}

async function measure(megabytes: number): Promise<void> {
  const bytes = megabytes * 1e6;
  const many = Math.max(1, Math.round(AROUND_MB / megabytes));
  const from = Array.from({ length: many }, (_, i) => new Uint8Array(bytes).fill(i + 1));
  const to = from.map(() => new Uint8Array(bytes).fill(255));
  const blocks = from.map(() => gpu.allocate(bytes, { tag: "bench" }));
  const plain = device.createBuffer({ size: bytes, usage: STORAGE_AND_COPY });
  // Dawn writes straight into a buffer that no command has used; a slab is never that for long.
  const encoder = device.createCommandEncoder();
  encoder.clearBuffer(plain, 0, 4);
  device.queue.submit([encoder.finish()]);
  const found = { copy: [], taken: [], arrived: [], direct: [], landed: [] } as Record<
    "copy" | "taken" | "arrived" | "direct" | "landed",
    number[]
  >;
  const thread = { copy: [] as number[], taken: [] as number[] };
  for (let round = -many; round < Number(values.rounds) * many; round++) {
    const i = (round + many) % many;
    const [source, target, block] = [from[i]!, to[i]!, blocks[i]!];
    const copy = await timed(() => target.set(source));
    const taken = await timed(() => gpu.upload([{ block, data: source }]));
    const arrived = await timed(() => gpu.finish());
    await settle();
    const direct = await timed(() => device.queue.writeBuffer(plain, 0, source));
    const landed = await timed(() => device.queue.onSubmittedWorkDone());
    await settle();
    if (round < 0) continue; // warms pages
    found.copy.push(copy.ms);
    found.taken.push(taken.ms);
    found.arrived.push(taken.ms + arrived.ms);
    found.direct.push(direct.ms);
    found.landed.push(direct.ms + landed.ms);
    thread.copy.push(copy.thread);
    thread.taken.push(taken.thread);
  }
  for (const block of blocks) block.dispose();
  gpu.pool.trim();
  plain.destroy();
  const ratio = (part: number[]) => `${(median(found.copy) / median(part)).toFixed(2)} ×`;
  const row = [
    (bytes / 1e6 / median(found.copy)).toFixed(1),
    `${(sum(thread.copy) / sum(thread.taken)).toFixed(2)} ×`,
    ...[found.taken, found.arrived, found.direct, found.landed].map((part) => ratio(part)),
  ];
  console.log(`${`${megabytes} MB`.padStart(8)}${row.map((text) => text.padStart(19)).join("")}`);
}

head();
for (const size of SIZES_MB) await measure(size);
process.exit(0);
