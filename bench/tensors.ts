// Tensors against TF.js on the same device, by turns, results compared, and against jax-js and onnxruntime-web (peers):
//   npm run bench -- tensors [operations | small | chain | matmul | sum | memory | sharing | peers] …
//     [sizes=1024,1048576] [runs=5] [products=256,512,1024,2048] [host=4096] [only=exp,add]
// only: of the operations and of the rows of peers, these. host: elements up to which work whose data lie on the host is done there, as cells have it; 0 for the device alone.
// Installs them into bench/peers (220 MB) when they are missing.
import assert from "node:assert/strict";
import { globals } from "webgpu";
import { formatBytes } from "../kernel/src/base/index.ts";
import { preferHost, RandomStream } from "../kernel/src/compute/index.ts";
import { countOutside, openGpu } from "../kernel/src/gpu/index.ts";
import { loadTfJsOn, type TfJs } from "./pool/tfjs.ts";
import { against, medians, type Sides, type Times, tfDone, timed } from "./tensors/measure.ts";
import { both, operands } from "./tensors/operands.ts";
import type { Tf } from "./tensors/operations.ts";
import { peakOf } from "./tensors/peak.ts";
import { againstAll } from "./tensors/peers.ts";
import { sharingWithJax, sharingWithOrt, sharingWithTf } from "./tensors/sharing.ts";
import { smallOnDevice, smallOnHost } from "./tensors/small.ts";
import { OPERATIONS } from "./tensors/structured.ts";

const words = process.argv.slice(2);
const option = (name: string, usual: string) =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? usual;
const sizes = option("sizes", "1024,1048576,16777216").split(",").map(Number);
const runs = Number(option("runs", "5"));
const wanted = words.filter((word) => !word.includes("="));
const wants = (section: string) => wanted.length === 0 || wanted.includes(section);

Object.assign(globalThis, globals);
const gpu = await openGpu();
const tf: Tf = await loadTfJsOn<TfJs>(countOutside(gpu.device));
const sides: Sides = { gpu, tf };
const products = option("products", "256,512,1024,2048").split(",").map(Number);
const only = option("only", "").split(",").filter(Boolean);
const few = Number(option("host", "4096"));
preferHost(gpu, few);
const { adapter } = gpu;
console.log(
  `adapter: ${adapter.name}${adapter.software ? " — SOFTWARE: figures are of a processor" : ""}; TF.js ${tf.version_core}; medians of ${runs}`,
);
const COLUMNS = `${"".padEnd(30)} ${"cenote".padStart(12)} ${"TF.js".padStart(12)}   TF.js ÷ cenote: wall, processor`;
const line = (name: string, [mine, theirs]: [Times, Times]) => {
  const [wall, processor] = [theirs.wall / mine.wall, theirs.processor / mine.processor];
  const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(12);
  const times = (value: number) => `${value.toFixed(2)} ×`.padStart(10);
  console.log(
    `${name.padEnd(30)} ${ms(mine.wall)} ${ms(theirs.wall)} ${times(wall)} ${times(processor)}`,
  );
};

async function operations(): Promise<void> {
  for (const size of sizes) {
    console.log(`\n${size.toLocaleString("en")} elements\n${COLUMNS}`);
    const [mine, theirs] = await operands(sides, size);
    const [found, failed]: [[Times, Times][], string[]] = [[], []];
    const chosen = OPERATIONS.filter(({ name }) => only.length === 0 || only.includes(name));
    for (const { name, ours, theirs: its, near = 1e-5 } of chosen) {
      const sidesOf = {
        name,
        ours: () => ours(mine),
        theirs: () => tf.tidy(() => its(tf, theirs)),
        near,
      };
      try {
        const times = await against(sides, sidesOf, runs);
        line(name, times);
        found.push(times);
      } catch (error) {
        failed.push(name);
        console.log(`${name.padEnd(30)} not compared: ${(error as Error).message.slice(0, 200)}`);
      }
    }
    summary(found);
    if (failed.length > 0) console.log(`not compared: ${failed.join(", ")}`);
    for (const one of Object.values(mine)) one.dispose();
    for (const one of Object.values(theirs)) (one as Tf).dispose();
  }
}

function summary(found: readonly [Times, Times][]): void {
  for (const kind of ["wall", "processor"] as const) {
    const ratios = found.map(([a, b]) => b[kind] / a[kind]);
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    const under = ratios.filter((ratio) => ratio < 1).length;
    console.log(
      `${kind}: geometric mean ${mean.toFixed(2)} ×, least ${Math.min(...ratios).toFixed(2)} ×, under 1 ×: ${under} of ${ratios.length}`,
    );
  }
}

async function chain(): Promise<void> {
  const size = sizes.at(-1)!;
  const [[x, tx], [y, ty]] = [await both(sides, [size], 3), await both(sides, [size], 4)];
  const ours = () => x.mul(y).add(1).relu().sub(y).square();
  const theirs = () => tf.tidy(() => tf.square(tf.sub(tf.relu(tf.add(tf.mul(tx, ty), 1)), ty)));
  console.log(`\nchain of five, ${size.toLocaleString("en")} elements\n${COLUMNS}`);
  line("chain", await against(sides, { name: "chain", ours, theirs, near: 1e-4 }, runs));
  const before = gpu.counts.dispatches;
  const region = gpu.pool.region(() => ours().compute());
  console.log(
    `  ${gpu.counts.dispatches - before} dispatch, ${formatBytes(region.peak - region.value.bytes)} beyond operands and result`,
  );
  for (const one of [x, y, region.value]) one.dispose();
  for (const one of [tx, ty]) one.dispose();
}

async function matmul(): Promise<void> {
  const peak = await peakOf(gpu, runs);
  console.log(
    `\nmatrix products, f32; the machine's peak, measured: ${peak.wall.toFixed(1)} GFLOP/s, ${peak.processor.toFixed(1)} a core\n${COLUMNS}`,
  );
  for (const n of products) {
    const [[x, tx], [y, ty]] = [await both(sides, [n, n], 5), await both(sides, [n, n], 6)];
    const found = await against(
      sides,
      { name: `matmul ${n}`, ours: () => x.matmul(y), theirs: () => tf.matMul(tx, ty), near: 1e-3 },
      Math.min(runs, 5),
    );
    line(`matmul ${n}²`, found);
    const rate = (kind: keyof Times) => (2 * n ** 3) / found[0][kind] / 1e6;
    const share = (kind: keyof Times) => ((rate(kind) / peak[kind]) * 100).toFixed(0);
    console.log(
      `  ${rate("wall").toFixed(1)} GFLOP/s, ${share("wall")} % of the peak; by processor time ${rate("processor").toFixed(1)}, ${share("processor")} %`,
    );
    for (const one of [x, y, tx, ty]) one.dispose();
  }
}

/** Sum against a kernel that copies as many bytes as the sum reads. */
async function sum(): Promise<void> {
  const size = sizes.at(-1)!;
  const x = new RandomStream(() => gpu, 7).uniform([size]).compute();
  const half = x.slice([0, size / 2]);
  const [sums, copies]: [Times[], Times[]] = [[], []];
  for (let run = 0; run < runs + 1; run++) {
    for (const [times, make] of [
      [sums, () => x.sum()],
      [copies, () => half.add(0)],
    ] as const) {
      const took = await timed(async () => {
        using _made = make().compute();
        await gpu.finish();
      });
      if (run > 0) times.push(took);
    }
  }
  const [mine, copy] = [medians(sums), medians(copies)];
  const share = (kind: "wall" | "processor") => ((copy[kind] / mine[kind]) * 100).toFixed(0);
  console.log(
    `\nsum of ${size.toLocaleString("en")}: ${mine.wall.toFixed(2)} ms; a copy that moves as many bytes (half read, half written) ${copy.wall.toFixed(2)} ms: ${share("wall")} % of its bandwidth by the wall, ${share("processor")} % by processor time`,
  );
  x.dispose();
  half.dispose();
}

/** A step of a small network on both sides: what the pool and TF.js hold at most. */
async function memory(): Promise<void> {
  const [[x, tx], [w, tw], [v, tv]] = [
    await both(sides, [2048, 512], 8),
    await both(sides, [512, 1024], 9),
    await both(sides, [1024, 512], 10),
  ];
  const ours = () =>
    gpu.pool.scope(() =>
      x
        .matmul(w)
        .mul(0.01)
        .relu()
        .add(1)
        .matmul(v)
        .mul(0.01)
        .softmax()
        .log()
        .mul(-1)
        .mean()
        .compute(),
    );
  const theirs = () =>
    tf.tidy(() =>
      tf.mean(
        tf.mul(
          tf.log(
            tf.softmax(
              tf.mul(tf.matMul(tf.add(tf.relu(tf.mul(tf.matMul(tx, tw), 0.01)), 1), tv), 0.01),
            ),
          ),
          -1,
        ),
      ),
    );
  const region = gpu.pool.region(ours);
  const mine = region.peak;
  const given = (await region.value.read())[0]!;
  const peak = await tfPeak(theirs, Number(given));
  console.log(
    `\npeak of a step: cenote ${formatBytes(mine)}, TF.js ${formatBytes(peak)} (its own count), beside the operands: ${(mine / peak).toFixed(2)} ×`,
  );
  for (const one of [x, w, v, region.value, tx, tw, tv]) one.dispose();
}

/** The most that TF.js has in use beside what it had before, looked at whenever it takes a buffer. */
async function tfPeak(step: () => Tf, wantedValue: number): Promise<number> {
  const manager = tf.backend().bufferManager;
  const acquire = manager.acquireBuffer.bind(manager);
  await tfDone(sides);
  const before = manager.numBytesUsed;
  let peak = 0;
  manager.acquireBuffer = (...args: unknown[]) => {
    const made = acquire(...args);
    peak = Math.max(peak, manager.numBytesUsed - before);
    return made;
  };
  const result = step();
  await tfDone(sides);
  manager.acquireBuffer = acquire;
  assert.ok(Math.abs((await result.data())[0] - wantedValue) < 1e-3);
  result.dispose();
  return peak;
}

async function small(): Promise<void> {
  preferHost(gpu, 0);
  await smallOnDevice(sides);
  preferHost(gpu, few);
  for (const size of [512, 1024]) await smallOnHost(sides, size);
}

async function sharing(): Promise<void> {
  await sharingWithTf(sides);
  await sharingWithOrt(sides);
  await sharingWithJax(sides);
}

const peers = () => againstAll(sides, sizes.at(-1)!, products, runs, only);

const SECTIONS = { operations, small, chain, matmul, sum, memory, sharing, peers };
for (const [name, section] of Object.entries(SECTIONS)) if (wants(name)) await section();
process.exit(0);
