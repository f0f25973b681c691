// The trace in a snapshot of PyTorch's caching allocator (torch.cuda.memory._dump_snapshot, a pickle):
// the events of the device that has most of them, after the allocations that were live before them.
// A block ends with free_completed, when PyTorch's allocator has it back.
import { type Pickled, unpickle } from "./pickle-reader.ts";
import { badTrace, type Trace, TraceBuilder } from "./trace.ts";

type Dict = Map<Pickled, Pickled>;

interface Operation {
  alloc: boolean;
  addr: number;
  bytes: number;
}

/** Throws BAD_PICKLE, and BAD_TRACE where it is no such snapshot, saying what was found instead. */
export function traceOfTorch(bytes: Uint8Array, name: string): Trace {
  const snapshot = dict(unpickle(bytes, name), name, "a snapshot (a dict)");
  const traces = list(snapshot.get("device_traces") ?? [], name, "device_traces (a list)");
  const entries = traces.map((trace) => list(trace, name, "a list of events for each device"));
  const device = entries.reduce((most, of, i) => (of.length > entries[most]!.length ? i : most), 0);
  const operations = (entries[device] ?? []).flatMap((entry, i) => {
    const operation = operationOf(entry, `${name}, device ${device}, event ${i}`);
    return operation ? [operation] : [];
  });
  if (operations.length === 0) {
    throw badTrace(
      name,
      "the snapshot has no events; torch.cuda.memory._record_memory_history() must run before",
    );
  }
  return build(operations, liveBlocks(snapshot, device, name));
}

function operationOf(entry: Pickled, where: string): Operation | undefined {
  const event = dict(entry, where, "an event (a dict)");
  const action = event.get("action");
  const alloc = action === "alloc";
  if (!alloc && action !== "free_completed" && action !== "free") return undefined;
  return { alloc, addr: number(event, "addr", where), bytes: number(event, "size", where) };
}

/** Address and requested bytes of the blocks that were live when the snapshot was taken. */
function liveBlocks(snapshot: Dict, device: number, name: string): Map<number, number> {
  const live = new Map<number, number>();
  const segments = list(snapshot.get("segments") ?? [], name, "segments (a list)");
  for (const [i, segment] of segments.entries()) {
    const where = `${name}, segment ${i}`;
    const of = dict(segment, where, "a dict");
    if ((of.get("device") ?? 0) !== device) continue;
    let addr = number(of, "address", where);
    for (const entry of list(of.get("blocks") ?? [], where, "blocks (a list)")) {
      const block = dict(entry, where, "blocks that are dicts");
      const size = number(block, "size", where);
      const active = String(block.get("state")).startsWith("active");
      const requested = block.get("requested_size");
      if (active) live.set(addr, typeof requested === "number" ? requested : size);
      addr += size;
    }
  }
  return live;
}

/** What is freed or live at the end without having been allocated was there before. */
function build(operations: Operation[], liveAtEnd: Map<number, number>): Trace {
  const builder = new TraceBuilder();
  const seen = new Set<number>();
  for (const { alloc, addr, bytes } of operations) {
    if (!seen.has(addr) && !alloc) builder.allocate(addr, bytes);
    seen.add(addr);
  }
  for (const [addr, bytes] of liveAtEnd) if (!seen.has(addr)) builder.allocate(addr, bytes);
  for (const { alloc, addr, bytes } of operations) {
    // An address that is allocated anew was given back meanwhile, whether or not that was recorded.
    if (builder.isLive(addr)) builder.free(addr);
    if (alloc) builder.allocate(addr, bytes);
  }
  return builder.done();
}

function dict(value: Pickled | undefined, where: string, wanted: string): Dict {
  if (value instanceof Map) return value;
  throw badTrace(where, `wanted ${wanted}, found ${kindOf(value)}`);
}

function list(value: Pickled | undefined, where: string, wanted: string): Pickled[] {
  if (Array.isArray(value)) return value;
  throw badTrace(where, `wanted ${wanted}, found ${kindOf(value)}`);
}

function number(of: Dict, field: string, where: string): number {
  const value = of.get(field);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw badTrace(where, `wanted ${field}, a whole number of 0 or more, found ${kindOf(value)}`);
}

function kindOf(value: Pickled | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dict with ${[...value.keys()].slice(0, 5).join(", ")}`;
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value);
}
