// Measures kernels for the products that a piece of a program computes: each candidate on memory of its own, by turns,
// until the budget is spent. Candidates are slow by turns where other programs run, so that the least time counts.
import { CenoteError } from "../../../base/index.ts";
import type { Gpu } from "../../../gpu/index.ts";
import { type Leaf, leaf } from "../expr.ts";
import { multiply } from "../matmul.ts";
import { batchesOf, type Product, type Side } from "../product/operands.ts";
import { candidates, classOf, type Plan, usualPlan } from "../product/plan.ts";
import { RandomStream } from "../random.ts";
import { rowMajor } from "../shape.ts";
import { allocate } from "../storage.ts";
import type { Tuned } from "./store.ts";
import { isKnown, isTuning, keepTuned, listen } from "./tuned.ts";

export interface TuneOptions {
  /** Milliseconds for each class of work, compiling included. Default 1,000. */
  budget?: number;
  /** Whether what was measured before is measured anew. Default false. */
  again?: boolean;
}

/** Multiplications from which on a product is worth measuring: below, a submit takes longer. */
const LEAST = 2 ** 20;
/** Share of the usual kernel's time that another must do without. */
const GAIN = 0.05;
/** Milliseconds that a measurement takes at least, by repeating. */
const LONG = 2;
/** Times the quickest so far beyond which a candidate is not measured again. */
const HOPELESS = 1.5;

/**
 * Runs `body` once, and measures kernels for the classes of matrix products that it computed. Gives those that were
 * measured now; they are used from then on, and kept for other processes. Rejects with TUNING_OFF, BUDGET.
 */
export async function tune(
  gpu: Gpu,
  body: () => unknown,
  { budget = 1000, again = false }: TuneOptions = {},
): Promise<Tuned[]> {
  if (!isTuning()) {
    throw new CenoteError("TUNING_OFF", "tuning: CENOTE_TUNING is off in this process", {
      mend: "Start the kernel without it to measure kernels.",
    });
  }
  if (!(budget > 0 && Number.isFinite(budget))) {
    throw new CenoteError(
      "BUDGET",
      `tuning: wanted a finite budget in milliseconds above 0, found ${String(budget)}`,
    );
  }
  const found = await productsOf(gpu, body);
  const tuned: Tuned[] = [];
  for (const [work, product] of found) {
    if (again || !isKnown(gpu, work)) tuned.push(await measured(work, product, budget));
  }
  const failure = tuned.length > 0 ? keepTuned(gpu, tuned) : undefined;
  if (failure !== undefined)
    console.warn(`cenote: measured kernels serve this process only: ${failure}`);
  return tuned;
}

/** The products that `body` computes, the first of each class; not those that are small or of another device. */
async function productsOf(gpu: Gpu, body: () => unknown): Promise<Map<string, Product>> {
  const found = new Map<string, Product>();
  const end = listen((product) => {
    const { m, n, k } = product.sizes;
    const isLarge = batchesOf(product.sizes) * m * n * k >= LEAST;
    const work = classOf(product);
    if (isLarge && product.gpu === gpu && !found.has(work)) found.set(work, product);
  });
  try {
    await body();
  } finally {
    end();
  }
  return found;
}

async function measured(work: string, like: Product, budget: number): Promise<Tuned> {
  return like.gpu.pool.scope(async () => {
    const product = scratch(like);
    const usual = usualPlan(product);
    const times = await race(
      product,
      [usual, ...candidates(product.gpu).filter((one) => one !== usual)],
      budget,
    );
    const [plan, milliseconds] = [...times].reduce((best, one) => (one[1] < best[1] ? one : best));
    const usualMilliseconds = times.get(usual)!;
    const gains = milliseconds < usualMilliseconds * (1 - GAIN);
    return gains
      ? { work, plan, milliseconds, usual, usualMilliseconds }
      : { work, plan: usual, milliseconds: usualMilliseconds, usual, usualMilliseconds };
  });
}

/** The least milliseconds of each plan that was measured; of the first in any case. */
async function race(
  product: Product,
  plans: readonly Plan[],
  budget: number,
): Promise<Map<Plan, number>> {
  const { gpu } = product;
  const times = new Map<Plan, number>();
  const repeats = new Map<Plan, number>();
  const once = async (plan: Plan, count: number) => {
    const begin = performance.now();
    for (let i = 0; i < count; i++) multiply(product, plan);
    await gpu.finish();
    return (performance.now() - begin) / count;
  };
  await gpu.finish();
  const begin = performance.now();
  const isOver = () => performance.now() - begin > budget;
  const best = () => Math.min(...times.values());
  for (const plan of plans) {
    if (times.size > 0 && isOver()) break;
    await once(plan, 1); // compiles it
    const first = await once(plan, 1);
    repeats.set(plan, Math.max(1, Math.ceil(LONG / first)));
    times.set(plan, first);
  }
  while (!isOver()) {
    for (const [plan, least] of times) {
      if (least > best() * HOPELESS) continue;
      times.set(plan, Math.min(least, await once(plan, repeats.get(plan)!)));
    }
  }
  return times;
}

/** The same product over memory of its own, with random numbers. */
function scratch(like: Product): Product {
  const { gpu, sizes } = like;
  const { m, n, k, batch } = sizes;
  const shape = [...batch, m, n];
  const { dtype } = like.result;
  return {
    ...like,
    a: filled(gpu, like.a, [...batch, m, k], 1),
    b: filled(gpu, like.b, [...batch, n, k], 2),
    scales: like.scales && {
      ...like.scales,
      leaf: filledLeaf(
        gpu,
        like.scales.leaf,
        [Math.ceil(k / like.scales.size), n],
        like.scales.leaf.strides,
        3,
      ),
    },
    result: leaf(allocate(gpu, shape, dtype, "tuning"), dtype, rowMajor(shape)),
  };
}

function filled(gpu: Gpu, side: Side, shape: readonly number[], seed: number): Side {
  const strides = [...side.batch, side.outer, side.common];
  return { ...side, leaf: filledLeaf(gpu, side.leaf, shape, strides, seed) };
}

/** Memory as large as these strides reach. */
function filledLeaf(
  gpu: Gpu,
  { dtype, strides, offset }: Leaf,
  shape: readonly number[],
  reach: readonly number[],
  seed: number,
): Leaf {
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * Math.max(0, reach[i]!), offset);
  const { storage } = new RandomStream(() => gpu, seed)
    .uniform([last + 1], -1, 1)
    .cast(dtype)
    .stored();
  return leaf(storage, dtype, strides, offset);
}
