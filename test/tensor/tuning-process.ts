// A process that tunes, clears or only uses what was measured, and tells what it did (tuning.test.ts).
import type { Tuned } from "../../kernel/src/compute/index.ts";
import { forgetTuned, RandomStream, tune, tunedOn } from "../../kernel/src/compute/index.ts";
import { openGpu } from "../../kernel/src/gpu/index.ts";

const gpu = await openGpu();
const random = new RandomStream(() => gpu, 1);
const make = (shape: number[]) => random.uniform(shape).compute();
const [x, y, z, small] = [make([128, 128]), make([128, 128]), make([128, 90]), make([8, 8])];
/** Two classes, and one product that is too small. */
function products(): void {
  for (const [a, b] of [
    [x, y],
    [y, x],
    [x.T, z],
    [small, small],
  ] as const)
    a.matmul(b).dispose();
}

/** Dispatches that `body` takes. */
async function counted(body: () => unknown): Promise<number> {
  const before = gpu.counts.dispatches;
  await body();
  return gpu.counts.dispatches - before;
}

let measured: Tuned[] = [];
let error: string | undefined;
const alone = await counted(products);
const tuning = await counted(async () => {
  if (process.argv[2] === "clear") forgetTuned(gpu);
  if (process.argv[2] !== "tune") return;
  measured = await tune(gpu, products, { budget: 20 }).catch((failure: { code: string }) => {
    error = failure.code;
    return [];
  });
});

const used: string[] = [];
const { dispatch } = gpu;
gpu.dispatch = (which, call) => {
  if (which.label.startsWith("matmul, ")) used.push(which.label.slice(8));
  dispatch.call(gpu, which, call);
};
products();
const listed = tunedOn(gpu);
console.log(JSON.stringify({ measured, listed, dispatches: [alone, tuning], used, error }));
process.exit(0);
