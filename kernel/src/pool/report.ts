// The pool's statistics, who holds its memory, and what it says when it cannot do what was asked.
import {
  BLOCK_STATE,
  CenoteError,
  CONTROL,
  COUNTER,
  formatBytes,
  GRANULE,
  OutOfPoolMemory,
} from "../base/index.ts";
import type { Fit } from "./fit.ts";
import type { Handle } from "./handle.ts";
import { HolderGroups } from "./holder-groups.ts";
import type { Ledger } from "./ledger.ts";
import type { Slabs } from "./slabs.ts";
import { tagText } from "./tags.ts";
import type { Holder, Memory, PoolStats } from "./types.ts";

/** What the books do not count: blocks that the collector gave back, that left their slab, and came back. */
type Counts = Pick<PoolStats, "collected" | "spills" | "fetches">;

/** The statistics, as the books and the allocator have them. */
export function statistics(ledger: Ledger, fit: Fit, slabs: Slabs, counts: Counts): PoolStats {
  const get = (counter: number) => ledger.get(counter);
  const live = get(COUNTER.live);
  const reserved = get(COUNTER.reserved);
  const budget = get(COUNTER.budget);
  const largestFree = fit.largest() * GRANULE;
  const holes = reserved - live;
  return {
    live,
    requested: get(COUNTER.requested),
    reserved,
    peakLive: get(COUNTER.peakLive),
    peakReserved: get(COUNTER.peakReserved),
    budget,
    free: Math.max(0, budget - live),
    holes,
    largestFree,
    fragmentation: holes > 0 ? 1 - largestFree / holes : 0,
    slabs: slabs.count,
    slabsMade: slabs.made.slabs,
    bytesMade: slabs.made.bytes,
    liveBlocks: get(COUNTER.liveBlocks),
    allocations: get(COUNTER.allocations),
    frees: get(COUNTER.frees),
    ...counts,
    moved: get(COUNTER.movedBytes),
    spilled: get(COUNTER.spilledBytes),
    disk: get(COUNTER.diskBytes),
    staging: get(COUNTER.stagingBytes),
    outside: get(COUNTER.outsideBytes),
  };
}

/** Live blocks grouped by tag, cell and line, largest group first. */
export function holders(ledger: Ledger, limit: number): Holder[] {
  const rows = ledger.books.blocks;
  const groups = new HolderGroups();
  for (let row = 1; row < ledger.books.control[CONTROL.blockRows]!; row++) {
    if (rows.state[row] === BLOCK_STATE.none) continue;
    groups.add(
      tagText(rows.tag[row]!),
      rows.cell[row]!,
      rows.line[row]!,
      rows.size[row]! * GRANULE,
    );
  }
  return groups.sorted.slice(0, limit);
}

/** "cell [14] line 7", "cell [14]" or "outside any cell". */
function place(cell: number, line: number): string {
  if (cell === 0) return "outside any cell";
  return line === 0 ? `cell [${cell}]` : `cell [${cell}] line ${line}`;
}

export interface Request {
  /** Bytes. */
  wanted: number;
  what: string;
  cell: number;
  line: number;
}

export interface Shortage extends Request {
  largestHole: number;
  /** What was done to make room, e.g. "trimmed 2 slabs (128 MiB)". */
  tried: string[];
  /** What the memory behind the pool said, if it refused. */
  refusal: unknown;
}

/** The error for a request that the budget or the memory cannot serve. */
export function outOfMemory(ledger: Ledger, shortage: Shortage): OutOfPoolMemory {
  const { wanted, what, cell, line, largestHole, tried, refusal } = shortage;
  const budget = ledger.get(COUNTER.budget);
  const live = ledger.get(COUNTER.live);
  const held = holders(ledger, 6);
  const lines = [
    `wanted ${exact(wanted)} for ${what || "a block"} (${place(cell, line)})`,
    `  budget ${formatBytes(budget)}: live ${formatBytes(live)}, free ${formatBytes(Math.max(0, budget - live))}` +
      ` (largest hole ${formatBytes(largestHole)}; reserved ${formatBytes(ledger.get(COUNTER.reserved))})`,
    `  tried: ${tried.join(", ") || "nothing, because no slab is empty"}`,
  ];
  if (refusal !== undefined) {
    lines.push(`  the memory refused: ${refusal instanceof Error ? refusal.message : refusal}`);
  }
  if (held.length > 0) {
    const named = held.slice(0, 5).map(holderText);
    if (held.length > 5) named.push("…");
    lines.push(`  held by: ${named.join(" · ")}`);
  } else lines.push("  held by: nothing");
  lines.push("  every tensor is intact.");
  const mend =
    budget < wanted
      ? 'It is larger than the whole budget: raise it (pool.budget = "8 GiB", or CENOTE_BUDGET before the start), or work in parts.'
      : "Dispose what is no longer needed (dispose, using, pool.scope), or raise the budget (pool.budget, CENOTE_BUDGET).";
  return new OutOfPoolMemory(lines.join("\n"), mend);
}

function holderText(holder: Holder): string {
  const times = holder.blocks > 1 ? ` × ${holder.blocks}` : "";
  return `${holder.tag || "(no tag)"}${times} ${formatBytes(holder.bytes)} (${place(holder.cell, holder.line)})`;
}

function exact(bytes: number): string {
  return bytes < 1024 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} B)`;
}

export function badSize(bytes: unknown): CenoteError {
  return new CenoteError("BAD_SIZE", `wanted a size of 0 or more whole bytes, found ${bytes}`, {
    mend: "Give a whole number of bytes.",
  });
}

export function foreignBlock(): CenoteError {
  return new CenoteError("FOREIGN_BLOCK", "wanted a block of this pool, found something else", {
    mend: "Use blocks that pool.allocate or gpu.allocate gave, and that this pool still serves.",
  });
}

export function poolClosed({ name }: Memory): CenoteError {
  return new CenoteError("POOL_CLOSED", `the pool on ${name} was closed`, {
    mend: "Open the GPU again with openGpu().",
  });
}

export function tooLarge({ wanted, what, cell, line }: Request, memory: Memory): CenoteError {
  return new CenoteError(
    "BLOCK_TOO_LARGE",
    `wanted one block of ${exact(wanted)} for ${what || "a block"} (${place(cell, line)}); the largest that ${memory.name} gives is ${formatBytes(memory.maxSlab)}`,
    { mend: "Divide it into several blocks, as chunked columns do." },
  );
}

export function usedAfterDispose({ id, tag, bytes, cell, line }: Handle): CenoteError {
  const name = tag ? `block ${id} "${tag}"` : `block ${id}`;
  return new CenoteError(
    "DISPOSED",
    `${name} (${formatBytes(bytes)}, allocated ${place(cell, line)}) was used after it was disposed`,
    {
      mend: "Use it before dispose, or before its scope ends; pool.keep(x) takes x out of scopes.",
    },
  );
}

/** A block's file can't be read. */
export function spillLost({ books }: Ledger, row: number, cause: unknown): CenoteError {
  const { tag, cell, line } = books.blocks;
  const where = place(cell[row]!, line[row]!);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CenoteError(
    "SPILL_LOST",
    `block ${row} "${tagText(tag[row]!)}" (${where}) was spilled to disk, and its file can't be read back: ${why}`,
    { mend: "Make its data anew, and let nothing clear CENOTE_SPILL_DIR meanwhile.", cause },
  );
}
