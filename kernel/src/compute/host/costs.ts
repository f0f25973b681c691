// What a query is likely to take on the host and on the GPU. A model, so that the same queries in the same order
// always run in the same places: each step of each row has a price, and so do starting and making kernels.
import { CenoteError } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Plan } from "../plan.ts";
import type { Typed } from "../typed.ts";
import type { Engine } from "./side.ts";

/** Milliseconds: to start with, and for a step of an expression in a million rows. */
interface Price {
  readonly start: number;
  readonly steps: number;
}

// Those of a processor were measured by queries of 256 to 262,144 rows on each; those of a GPU are a guess at what
// its bus and its driver take, beside which its steps are nothing.
const HOST: Price = { start: 0.8, steps: 9 };
const DEVICE = {
  software: { start: 3.2, steps: 3 },
  hardware: { start: 1, steps: 0.5 },
} as const;
/** Milliseconds for the kernels of a query: a part of the 30 to 200 that they take, as most queries come again. */
const MAKING = 15;

export interface Costs {
  readonly host: number;
  /** Without the making of kernels. */
  readonly gpu: number;
  /** 0 where they are made, or where so much was spent on the host that they are worth it. */
  readonly making: number;
}

/** Queries that are remembered of a device, at most. */
const MOST_KNOWN = 10_000;

/** By device and query: milliseconds that its runs on the host took beyond the GPU's; Infinity: its kernels are made. */
const known = new WeakMap<Gpu, Map<string, number>>();

/** What a plan computes of each row beside its filter. */
export interface Work {
  readonly of: readonly Typed[];
  /** Steps that are none of an expression: finding the row's group, and adding to its figures. */
  readonly steps: number;
}

const rootsOf = ({ where, columns }: Plan, work: Work | undefined): Typed[] => [
  ...(where ? [where] : []),
  ...(work?.of ?? columns.values()),
];

const nameOf = (plan: Plan, work: Work | undefined) =>
  [plan.source.constructor.name, work?.steps, ...rootsOf(plan, work).map(({ key }) => key)].join(
    " ",
  );

/** The costs of a plan over so many rows of the pool; it computes its columns where no other work is given. */
export function costsOf(plan: Plan, rows: number, work?: Work): Costs {
  const each = rootsOf(plan, work).reduce((sum, { weight }) => sum + weight, work?.steps ?? 0);
  const steps = each * (rows / 1e6);
  const gpu = deviceOf(plan);
  const device = DEVICE[gpu?.adapter.software === false ? "hardware" : "software"];
  const spent = (gpu && known.get(gpu)?.get(nameOf(plan, work))) ?? 0;
  return {
    host: HOST.start + HOST.steps * steps,
    gpu: device.start + device.steps * steps,
    making: spent >= MAKING ? 0 : MAKING,
  };
}

/** Remembers that a plan over so many rows of the pool ran there. */
export function ranOn(on: Engine, plan: Plan, work?: Work): void {
  const { there, count: rows } = plan.source.host;
  const device = there ? undefined : deviceOf(plan);
  if (!device || rows === undefined) return;
  const name = nameOf(plan, work);
  const all = known.get(device) ?? new Map<string, number>();
  known.set(device, all);
  if (all.size >= MOST_KNOWN) all.clear();
  const { host, gpu } = costsOf(plan, rows, work);
  const more = on === "gpu" ? Number.POSITIVE_INFINITY : Math.max(0, host - gpu);
  all.set(name, (all.get(name) ?? 0) + more);
}

/** The device of a plan; where some of its rows are on the host, none may be open yet. */
function deviceOf({ source }: Plan): Gpu | undefined {
  try {
    return source.gpu;
  } catch (error) {
    if (error instanceof CenoteError && error.code === "ON_HOST") return undefined;
    throw error;
  }
}
