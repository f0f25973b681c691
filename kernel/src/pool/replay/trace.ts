// Allocation traces as columns, and what builds them. Files are read by trace-csv.ts (CSV, RMM's logs),
// trace-torch.ts (PyTorch's snapshots) and trace-snapshot.ts (ours). What is done with a trace is replay.ts's.
import { CenoteError } from "../../base/index.ts";

/** A trace as columns; one entry an operation. */
export interface Trace {
  readonly length: number;
  /** 1 for an allocation, 0 for a free. */
  readonly alloc: Uint8Array;
  /** Number of the allocation that the operation makes or frees, from 0. */
  readonly slot: Uint32Array;
  /** Bytes asked for; for frees those of the allocation. */
  readonly bytes: Float64Array;
  /** Allocations in the trace. */
  readonly slots: number;
  /** Frees of something that was never allocated in the trace (it began before), left out. */
  readonly unmatchedFrees: number;
}

/** Collects operations; allocations are named by ids, which may be used again after their free. */
export class TraceBuilder {
  #alloc = new Uint8Array(1024);
  #slot = new Uint32Array(1024);
  #bytes = new Float64Array(1024);
  #length = 0;
  readonly #live = new Map<string | number, number>();
  /** Bytes of each allocation. */
  #sizes = new Float64Array(1024);
  #slots = 0;
  #unmatched = 0;

  /** False when something with this id is live already. */
  allocate(id: string | number, bytes: number): boolean {
    if (this.#live.has(id)) return false;
    if (this.#slots === this.#sizes.length) this.#sizes = longer(this.#sizes, Float64Array);
    const slot = this.#slots++;
    this.#sizes[slot] = bytes;
    this.#live.set(id, slot);
    this.#add(1, slot, bytes);
    return true;
  }

  free(id: string | number): void {
    const slot = this.#live.get(id);
    if (slot === undefined) {
      this.#unmatched++;
      return;
    }
    this.#live.delete(id);
    this.#add(0, slot, this.#sizes[slot]!);
  }

  isLive(id: string | number): boolean {
    return this.#live.has(id);
  }

  done(): Trace {
    const length = this.#length;
    return {
      length,
      alloc: this.#alloc.slice(0, length),
      slot: this.#slot.slice(0, length),
      bytes: this.#bytes.slice(0, length),
      slots: this.#slots,
      unmatchedFrees: this.#unmatched,
    };
  }

  #add(alloc: number, slot: number, bytes: number): void {
    const at = this.#length++;
    if (at === this.#alloc.length) {
      this.#alloc = longer(this.#alloc, Uint8Array);
      this.#slot = longer(this.#slot, Uint32Array);
      this.#bytes = longer(this.#bytes, Float64Array);
    }
    this.#alloc[at] = alloc;
    this.#slot[at] = slot;
    this.#bytes[at] = bytes;
  }
}

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A copy with twice the room. */
function longer<T extends Column>(column: T, type: new (length: number) => T): T {
  const twice = new type(column.length * 2);
  twice.set(column);
  return twice;
}

/** An error about a trace file. */
export function badTrace(where: string, what: string): CenoteError {
  return new CenoteError("BAD_TRACE", `${where}: ${what}`, {
    mend: "What can be replayed is described in docs/memory.md, under Replay.",
  });
}
