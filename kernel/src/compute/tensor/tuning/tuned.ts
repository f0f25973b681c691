// The kernel for a product: one that was measured on this adapter, where there is one for its class, or the usual one.
import type { Gpu } from "../../../gpu/index.ts";
import type { Product } from "../product/operands.ts";
import { classOf, type Plan, usualPlan } from "../product/plan.ts";
import { readTuned, type Tuned, writeTuned } from "./store.ts";

/** By class; read from the file when the first product is computed. */
const knownOf = new WeakMap<Gpu, Map<string, Tuned>>();
/** Who is told of each product. */
const listeners = new Set<(product: Product) => void>();

/** Whether measurements are used and made: not where CENOTE_TUNING is "off". */
export const isTuning = (): boolean => process.env["CENOTE_TUNING"] !== "off";

function known(gpu: Gpu): Map<string, Tuned> {
  let found = knownOf.get(gpu);
  if (!found) {
    found = new Map(readTuned(gpu.adapter).map((one) => [one.work, one]));
    knownOf.set(gpu, found);
  }
  return found;
}

const preferred = new WeakMap<Gpu, Plan>();

/** Computes products of many rows and columns by this plan from now on; by those that suit them where it is absent. */
export function preferPlan(gpu: Gpu, plan?: Plan): void {
  if (plan === undefined) preferred.delete(gpu);
  else preferred.set(gpu, plan);
}

export function planFor(product: Product): Plan {
  const wanted = preferred.get(product.gpu);
  if (wanted !== undefined) return wanted;
  const usual = usualPlan(product);
  if (usual === "few" || !isTuning()) return usual;
  for (const listener of listeners) listener(product);
  const tuned = known(product.gpu);
  return (tuned.size > 0 && tuned.get(classOf(product))?.plan) || usual;
}

/** Calls `listener` with each product that may be tuned until the function it returns is called. */
export function listen(listener: (product: Product) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What was measured on this adapter. */
export const tunedOn = (gpu: Gpu): Tuned[] => [...known(gpu).values()];

export const isKnown = (gpu: Gpu, work: string): boolean => known(gpu).has(work);

/** Uses these from now on, and keeps them for other processes. Returns why they could not be kept. */
export function keepTuned(gpu: Gpu, tuned: readonly Tuned[]): string | undefined {
  for (const one of tuned) known(gpu).set(one.work, one);
  return writeTuned(gpu.adapter, tuned);
}

/** Forgets what was measured on this adapter, in the file too. Returns why the file could not be written. */
export function forgetTuned(gpu: Gpu): string | undefined {
  knownOf.set(gpu, new Map());
  return writeTuned(gpu.adapter, []);
}
