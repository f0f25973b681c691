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
  return pickle({
    segments: segments(data, addresses, frames),
    device_traces: [deviceTrace(data, addresses, frames)],
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
  readonly #lists = new Map<string, Frames>();

  of(cell: number, line: number, tag: string): Frames {
    const key = `${cell} ${line} ${tag}`;
    let list = this.#lists.get(key);
    if (!list) {
      const filename = cell === 0 ? "outside cells" : `cell [${cell}]`;
      list = [{ name: tag || "block", filename, line }];
      this.#lists.set(key, list);
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
function deviceTrace(data: SnapshotData, addresses: Map<number, number>, frames: FrameLists) {
  const trace: Picklable[] = [];
  /** Where each allocation lies, by its number: a move's event says only where it went. */
  const places = new Map<number, { addr: number; size: number }>();
  for (const step of history(data)) {
    const { kind, serial, slab, offset, size, requested, cell, line, tag } = step;
    const entry = (action: string, addr: number, bytes: number) => {
      if (step.before) return;
      const time_us = Math.floor(step.time * 1000);
      const context = frames.of(cell, line, tag);
      trace.push({ action, addr, size: bytes, stream: 0, time_us, frames: context });
    };
    const leave = () => {
      const place = places.get(serial);
      if (!place) return;
      places.delete(serial);
      entry("free_requested", place.addr, place.size);
      entry("free_completed", place.addr, place.size);
    };
    const arrive = () => {
      const base = addresses.get(slab);
      if (base === undefined) return;
      places.set(serial, { addr: base + offset, size: requested });
      entry("alloc", base + offset, requested);
    };
    if (kind === "slabNew") entry("segment_alloc", addresses.get(slab)!, size);
    else if (kind === "slabFree") entry("segment_free", addresses.get(slab)!, size);
    else if (kind === "failed") trace.push(outOfMemory(step, frames));
    if (kind === "free" || kind === "spill" || kind === "move") leave();
    if (kind === "alloc" || kind === "fetch" || kind === "move") arrive();
  }
  trace.push(snapshotEntry(data));
  return trace;
}

function outOfMemory({ requested, size, time, cell, line, tag }: Step, frames: FrameLists) {
  return {
    ...{ action: "oom", device_free: size, size: requested, stream: 0 },
    time_us: Math.floor(time * 1000),
    frames: frames.of(cell, line, tag),
  };
}

function snapshotEntry({ time }: SnapshotData) {
  const time_us = Math.floor(time * 1000);
  return { action: "snapshot", addr: 0, size: 0, stream: 0, time_us, frames: [] };
}
