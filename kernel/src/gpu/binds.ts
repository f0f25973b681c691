// Bind group layouts by number of storage bindings, and bind groups kept by the ranges they bind.
// Making one takes about 5 µs; finding one again is a look-up.
import { COMPUTE_STAGE } from "./usage.ts";

/** Bytes of a slab, as bound. */
export interface BoundRange {
  slab: number;
  buffer: GPUBuffer;
  offset: number;
  bytes: number;
}

const KEPT = 4096;

export class Binds {
  readonly #device: GPUDevice;
  readonly #layouts = new Map<number, GPUBindGroupLayout>();
  readonly #groups = new Map<string, { group: GPUBindGroup; slabs: number[] }>();
  readonly paramsLayout: GPUBindGroupLayout;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.paramsLayout = device.createBindGroupLayout({
      label: "cenote params",
      entries: [
        {
          binding: 0,
          visibility: COMPUTE_STAGE,
          buffer: { type: "uniform", hasDynamicOffset: true },
        },
      ],
    });
  }

  /** The layout of `count` read-write storage bindings. */
  layout(count: number): GPUBindGroupLayout {
    let layout = this.#layouts.get(count);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        label: `cenote ${count} storage bindings`,
        entries: Array.from({ length: count }, (_, binding) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: { type: "storage" as const },
        })),
      });
      this.#layouts.set(count, layout);
    }
    return layout;
  }

  group(ranges: readonly BoundRange[]): GPUBindGroup {
    let key = "";
    for (const { slab, offset, bytes } of ranges) key += `${slab},${offset},${bytes};`;
    const known = this.#groups.get(key);
    if (known) return known.group;
    const group = this.#device.createBindGroup({
      layout: this.layout(ranges.length),
      entries: ranges.map(({ buffer, offset, bytes }, binding) => ({
        binding,
        resource: { buffer, offset, size: bytes },
      })),
    });
    if (this.#groups.size >= KEPT) this.#dropOldest(KEPT / 4);
    this.#groups.set(key, { group, slabs: ranges.map(({ slab }) => slab) });
    return group;
  }

  /** Forgets the groups that bind this slab, so that its buffer can go. */
  forget(slab: number): void {
    for (const [key, { slabs }] of this.#groups) if (slabs.includes(slab)) this.#groups.delete(key);
  }

  #dropOldest(count: number): void {
    for (const key of this.#groups.keys()) {
      if (count-- <= 0) return;
      this.#groups.delete(key);
    }
  }
}
