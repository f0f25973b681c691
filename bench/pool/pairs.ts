// An allocate and free pair, statistics and events on: its time, its tail, against createBuffer + destroy
// on the same device and TF.js's zeros + dispose, and with 100,000 blocks live instead of 1,000.
import { openBooks, runInCell } from "../../kernel/src/base/index.ts";
import { type Gpu, openGpu } from "../../kernel/src/gpu/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { type Contender, ns, quantile, race, tell, times } from "./figures.ts";
import { loadTfJs } from "./tfjs.ts";

const BYTES = 1024;
const STORAGE = 0x80;
const BATCH = 1000;
const SINGLES = 200_000;
const OPTIONS = { tag: "bench" };

let seed = 1;

type Run = Contender["run"];
type Allocates = Pick<Pool, "allocate">;

function pairs(pool: Allocates, count: number): void {
  for (let n = 0; n < count; n++) pool.allocate(BYTES, OPTIONS).dispose();
}

const sizeOf = (n: number) => ((n * 7919) % 64) * 256;
const fill = (pool: Allocates, count: number): Block[] =>
  Array.from({ length: count }, (_, n) => pool.allocate(sizeOf(n), OPTIONS));

/** Microseconds of each of many pairs, the two readings of the clock included. */
function singles(pool: Allocates): Float64Array {
  const found = new Float64Array(SINGLES);
  // First let the heap grow to its size, as it soon has in a program that allocates.
  pairs(pool, 5 * SINGLES);
  for (let n = 0; n < SINGLES; n++) {
    const began = performance.now();
    pool.allocate(BYTES, OPTIONS).dispose();
    found[n] = (performance.now() - began) * 1000;
  }
  return found;
}

/** Frees any of the live blocks and allocates another, of another size, so many times. */
function churn(pool: Allocates, live: Block[], count: number): void {
  for (let n = 0; n < count; n++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const at = seed % live.length;
    live[at]!.dispose();
    live[at] = pool.allocate(sizeOf(seed >>> 8), OPTIONS);
  }
}

/** The pool alone, before anything else has filled the heap: its time and its tail. */
async function alone(gpu: Gpu): Promise<void> {
  const mine = [{ name: "pool", run: (count: number) => pairs(gpu, count) }];
  const [time] = await race(mine, { rounds: 1000, batch: BATCH });
  tell({ name: "allocate + free, median", found: ns(time!), goal: "≤ 100 ns", met: time! <= 0.1 });
  const single = singles(gpu);
  const tail = quantile(single, 0.99);
  tell({
    name: "one pair, with two readings of the clock: p50, p99, p99.9",
    found: [0.5, 0.99, 0.999].map((share) => ns(quantile(single, share))).join(", "),
    goal: "p99 ≤ 1 µs",
    met: tail <= 1,
  });
}

async function besidePeers(gpu: Gpu, live: readonly Block[]): Promise<void> {
  const tf = await loadTfJs();
  const bufferOf = { size: BYTES, usage: STORAGE };
  const contenders = [
    { name: "pool", run: (count: number) => pairs(gpu, count) },
    {
      name: "createBuffer",
      run: (count: number) => {
        for (let n = 0; n < count; n++) gpu.device.createBuffer(bufferOf).destroy();
      },
    },
    {
      name: "TF.js",
      run: (count: number) => {
        for (let n = 0; n < count; n++) tf.zeros([BYTES / 4]).dispose();
      },
    },
  ];
  // Dawn frees destroyed buffers when it sees later work done.
  const settle = async () => {
    gpu.zero({ block: live[0]! });
    await gpu.finish();
  };
  const [mine, buffer, zeros] = await race(contenders, { rounds: 300, batch: BATCH, settle });
  const against = (name: string, time: number, goal: number) =>
    tell({
      name: `against ${name}, in turns`,
      found: `${times(time / mine!)} (${ns(mine!)}, ${ns(time)})`,
      goal: `≥ ${goal} ×`,
      met: time / mine! >= goal,
    });
  against("createBuffer + destroy", buffer!, 50);
  against(`TF.js ${tf.version_core} zeros + dispose`, zeros!, 20);
}

async function onTheDevice(): Promise<void> {
  const gpu = await openGpu();
  const kind = gpu.adapter.software ? "a software adapter" : "a hardware adapter";
  console.log(`  on ${gpu.adapter.name}, ${kind}; inside a cell, with a tag; 1,000 blocks live`);
  const live = fill(gpu, 1000);
  await alone(gpu);
  await besidePeers(gpu, live);
  for (const block of live) block.dispose();
}

async function onSimulatedMemory(): Promise<void> {
  const pools = [1000, 100_000].map((count) => {
    const pool = new Pool(new SimulatedMemory(), { books: openBooks(), budget: 2 ** 50 });
    return { pool, live: fill(pool, count) };
  });
  const compare = async (name: string, goal: number | undefined, runs: Run[]) => {
    const contenders = runs.map((run) => ({ name, run }));
    const [few, many] = await race(contenders, { rounds: 300, batch: BATCH });
    const ratio = many! / few!;
    const found = `${times(ratio)} (${ns(few!)} → ${ns(many!)})`;
    if (goal === undefined) tell({ name, found, goal: "" });
    else tell({ name, found, goal: `≤ ${goal} ×`, met: ratio <= goal });
  };
  const title = "100,000 live against 1,000:";
  await compare(
    `${title} a pair`,
    2,
    pools.map(
      ({ pool }) =>
        (count) =>
          pairs(pool, count),
    ),
  );
  await compare(
    `${title} any block freed for one of another size`,
    undefined,
    pools.map(
      ({ pool, live }) =>
        (count) =>
          churn(pool, live, count),
    ),
  );
}

await runInCell(1, onTheDevice);
await runInCell(1, onSimulatedMemory);
process.exit(0);
