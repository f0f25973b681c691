/// <reference types="@webgpu/types" preserve="true" />
// The process's GPU as the API sees it: opened on first use, and known here so that `pool` can answer
// before and after that.

import { preferHost } from "../compute/index.ts";
import { limitHost, sharedBytes } from "../exchange/index.ts";
import {
  type AdapterFacts,
  countOutside,
  type Gpu,
  offerDevice,
  openGpu,
  tierBudgets,
} from "../gpu/index.ts";
import type { TierBudgets } from "../pool/index.ts";

/** Elements of tensors that are computed on the host where they lie there: a submit takes longer. */
const FEW_ELEMENTS = 4096;

let opened: Gpu | undefined;
let wantedBudget: number | undefined;
let wantedTiers: Partial<TierBudgets> = {};

/** The GPU, opened on first use. Rejects with NO_ADAPTER, whose text says what to install. */
export async function device(): Promise<Gpu> {
  const gpu = await openGpu();
  if (gpu !== opened) {
    opened = gpu;
    if (wantedBudget !== undefined) gpu.pool.budget = wantedBudget;
    gpu.pool.tiers = wantedTiers;
    gpu.pool.shareHost(sharedBytes);
    preferHost(gpu, FEW_ELEMENTS);
  }
  return gpu;
}

/** The GPU, when it has been opened. */
export function openedDevice(): Gpu | undefined {
  return opened;
}

/** Bytes of the budget that was set and waits for the GPU, if any. */
export function waitingBudget(): number | undefined {
  return opened ? undefined : wantedBudget;
}

/** Sets the pool's budget in bytes, now or as soon as the GPU is opened. */
export function setBudget(size: number): void {
  wantedBudget = size;
  if (opened) opened.pool.budget = size;
}

/** Bytes of host memory and disk for blocks that don't fit the device, as they were set or are by default. */
export function tiers(): TierBudgets {
  return opened?.pool.tiers ?? { ...tierBudgets(), ...wantedTiers };
}

/** Sets them, now or as soon as the GPU is opened. */
export function setTiers(budgets: Partial<TierBudgets>): void {
  wantedTiers = { ...wantedTiers, ...budgets };
  if (opened) opened.pool.tiers = budgets;
}

let hostDefault: number | undefined;

/** Bytes of host memory, as `tiers` would tell; asked for with each table that is shared. */
function hostBudget(): number {
  return wantedTiers.host ?? (hostDefault ??= tierBudgets().host);
}

// What is shared counts against the host's budget, as spilled blocks do.
limitHost(() => ({ budget: hostBudget(), spilled: opened?.pool.hostTaken ?? 0 }));

/** What the adapter is and can do: name, driver, whether it is software, limits. */
export async function adapter(): Promise<AdapterFacts> {
  return (await device()).adapter;
}

/**
 * The pool's device for other libraries (TF.js, onnxruntime-web, jax-js). From then on `navigator.gpu` gives it
 * to those that ask there, and WebGPU's flags are globals. What they allocate on it is counted as `outside` in
 * pool.stats(). Its buffers and ours may be used together.
 */
export async function sharedDevice(): Promise<GPUDevice> {
  const shared = countOutside((await device()).device);
  await offerDevice(shared);
  return shared;
}
