// Snapshots for PyTorch's memory_viz page (https://pytorch.org/memory_viz) and torch/cuda/_memory_viz.py:
// a pickle with `segments` (our slabs) and `device_traces` (our events). Slabs get addresses one behind
// another; a block's frame is its tag, with the cell as file and its line.
//
// A move is a free and an allocation there, and so are a spill and a fetch: the page shows device memory.
import { history, type Step } from "./history.ts";
import { type Picklable, pickle } from "./pickle-writer.ts";
import type { BlockColumns, SnapshotData } from "./schema.ts";

const BASE = 2 ** 32;
const ALIGNMENT = 2 ** 21;

type Frames = readonly Picklable[];

/** The pickle's bytes. */
export function toMemoryViz(data: SnapshotData): Uint8Array<ArrayBuffer> {
  const frames = new FrameLists();
  const addresses = slabAddresses(data);
  const trace = new DeviceTrace(addresses, frames);
  for (const step of history(data)) trace.add(step);
  trace.end(data.time);
  return pickle({
    segments: segments(data, addresses, frames),
    device_traces: [trace.entries],
    allocator_settings: {},
    external_annotations: [],
  });
}

/** The address of every slab that the snapshot tells of, by its id. */
function slabAddresses(data: SnapshotData): Map<number, number> {
  const addresses = new Map<number, number>();
  let next = BASE;
  for (const { kind, id, size } of history(data)) {
    if (kind !== "slabNew") continue;
    addresses.set(id, next);
    next += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  }
  return addresses;
}

/** One list for each tag, cell and line, so that the pickle holds it once. */
class FrameLists {
  readonly #byTag = new Map<string, Map<number, Frames>>();

  of(cell: number, line: number, tag: string): Frames {
    const byPlace = this.#byTag.get(tag) ?? new Map<number, Frames>();
    this.#byTag.set(tag, byPlace);
    const place = cell * 2 ** 20 + line;
    let list = byPlace.get(place);
    if (!list) {
      const filename = cell === 0 ? "outside cells" : `cell [${cell}]`;
      list = [{ name: tag || "block", filename, line }];
      byPlace.set(place, list);
    }
    return list;
  }
}

function segments(data: SnapshotData, addresses: Map<number, number>, frames: FrameLists) {
  const { blocks, holes } = data;
  const rows = new Map<number, Picklable[]>(data.slabs.map(({ id }) => [id, []]));
  const requested = new Map<number, number>();
  for (const [i, slab] of blocks.slab.entries()) {
    if (slab === 0) continue;
    requested.set(slab, (requested.get(slab) ?? 0) + blocks.requested[i]!);
    rows.get(slab)?.push(liveBlock(blocks, i, addresses.get(slab)!, frames));
  }
  for (const [i, slab] of holes.slab.entries()) {
    rows.get(slab)?.push({
      address: addresses.get(slab)! + holes.offset[i]!,
      size: holes.size[i]!,
      requested_size: 0,
      state: "inactive",
      frames: [],
    });
  }
  return data.slabs.map(({ id, bytes, live }) => ({
    device: 0,
    address: addresses.get(id)!,
    total_size: bytes,
    allocated_size: live,
    active_size: live,
    requested_size: requested.get(id) ?? 0,
    stream: 0,
    segment_type: "large",
    segment_pool_id: [0, 0],
    is_expandable: false,
    frames: [],
    blocks: (rows.get(id) as { address: number }[]).sort((a, b) => a.address - b.address),
  }));
}

function liveBlock(blocks: BlockColumns, i: number, base: number, frames: FrameLists): Picklable {
  return {
    address: base + blocks.offset[i]!,
    size: blocks.size[i]!,
    requested_size: blocks.requested[i]!,
    state: "active_allocated",
    frames: frames.of(blocks.cell[i]!, blocks.line[i]!, blocks.tag[i]!),
  };
}

/** Entries from the first event on. What was live before is in the segments, or in its own free. */
class DeviceTrace {
  readonly entries: Picklable[] = [];
  readonly #addresses: Map<number, number>;
  readonly #frames: FrameLists;
  /** Where each allocation lies, by its number: a move's event says only where it went. */
  readonly #places = new Map<number, number>();

  constructor(addresses: Map<number, number>, frames: FrameLists) {
    this.#addresses = addresses;
    this.#frames = frames;
  }

  add(step: Step): void {
    const { kind, size } = step;
    if (kind === "slabNew") this.#entry("segment_alloc", this.#base(step.id), size, step);
    else if (kind === "slabFree") this.#entry("segment_free", this.#base(step.id), size, step);
    else if (kind === "failed") this.#outOfMemory(step);
    if (kind === "free" || kind === "spill" || kind === "move") this.#leave(step);
    if (kind === "alloc" || kind === "fetch" || kind === "move") this.#arrive(step);
  }

  /** The last entry, which says when the snapshot was taken. */
  end(time: number): void {
    const time_us = Math.floor(time * 1000);
    this.entries.push({ action: "snapshot", addr: 0, size: 0, stream: 0, time_us, frames: [] });
  }

  #leave(step: Step): void {
    const place = this.#places.get(step.serial);
    if (place === undefined) return;
    this.#places.delete(step.serial);
    this.#entry("free_requested", place, step.requested, step);
    this.#entry("free_completed", place, step.requested, step);
  }

  #arrive(step: Step): void {
    if (step.slab === 0) return;
    const place = this.#base(step.slab) + step.offset;
    this.#places.set(step.serial, place);
    this.#entry("alloc", place, step.requested, step);
  }

  #outOfMemory({ size, requested, time, cell, line, tag }: Step): void {
    this.entries.push({
      ...{ action: "oom", device_free: size, size: requested, stream: 0 },
      time_us: Math.floor(time * 1000),
      frames: this.#frames.of(cell, line, tag),
    });
  }

  #entry(action: string, addr: number, size: number, step: Step): void {
    if (step.before) return;
    const time_us = Math.floor(step.time * 1000);
    const frames = this.#frames.of(step.cell, step.line, step.tag);
    this.entries.push({ action, addr, size, stream: 0, time_us, frames });
  }

  #base(slab: number): number {
    return this.#addresses.get(slab)!;
  }
}
