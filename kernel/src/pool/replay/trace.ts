// Reads allocation traces into typed arrays. Two formats are told apart by their header: ours
// (t,op,id,bytes[,tag]) and RMM's log (Thread,Time,Action,Pointer,Size,Stream). What is done with a trace
// is replay.ts's.
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

interface Format {
  columns: readonly string[];
  op: number;
  id: number;
  bytes: number;
  allocs: readonly string[];
  frees: readonly string[];
  /** Actions that are left out. */
  ignored: readonly string[];
}

const FORMATS: readonly Format[] = [
  {
    columns: ["t", "op", "id", "bytes"],
    op: 1,
    id: 2,
    bytes: 3,
    allocs: ["alloc"],
    frees: ["free"],
    ignored: [],
  },
  {
    columns: ["Thread", "Time", "Action", "Pointer", "Size"],
    op: 2,
    id: 3,
    bytes: 4,
    allocs: ["allocate"],
    frees: ["free", "deallocate"],
    ignored: ["allocate failure"],
  },
];

/** Parses a trace. `name` is for messages. Throws BAD_TRACE with the line. */
export function parseTrace(text: string, name = "trace"): Trace {
  const builder = new Builder();
  let format: Format | undefined;
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    const row = text.slice(from, end).trim();
    from = end + 1;
    line++;
    if (row === "" || row.startsWith("#")) continue;
    if (!format) format = formatOf(row, name);
    else readRow(row.split(","), format, builder, `${name}, line ${line}`);
  }
  if (!format) throw bad(name, `wanted a header ${headers()}, found an empty file`);
  return builder.done();
}

function formatOf(header: string, name: string): Format {
  const names = header.split(",").map((column) => column.trim());
  const format = FORMATS.find(({ columns }) => columns.every((column, i) => names[i] === column));
  if (format) return format;
  throw bad(name, `wanted a header ${headers()}, found ${JSON.stringify(header.slice(0, 80))}`);
}

const headers = () => FORMATS.map(({ columns }) => `"${columns.join(",")}…"`).join(" or ");

function readRow(fields: string[], format: Format, into: Builder, where: string): void {
  const op = fields[format.op]?.trim() ?? "";
  const id = fields[format.id]?.trim() ?? "";
  if (format.ignored.includes(op)) return;
  if (id === "") throw bad(where, `wanted an id, found ${JSON.stringify(fields.join(","))}`);
  if (format.frees.includes(op)) {
    into.free(id);
    return;
  }
  if (!format.allocs.includes(op)) {
    const known = [...format.allocs, ...format.frees].join(" or ");
    throw bad(where, `wanted the operation ${known}, found ${JSON.stringify(op)}`);
  }
  const text = fields[format.bytes]?.trim() ?? "";
  const bytes = Number(text);
  if (text === "" || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw bad(where, `wanted a size of 0 or more whole bytes, found ${JSON.stringify(text)}`);
  }
  if (!into.allocate(id, bytes)) throw bad(where, `${id} is allocated although it is still live`);
}

class Builder {
  readonly #alloc: number[] = [];
  readonly #slot: number[] = [];
  readonly #bytes: number[] = [];
  readonly #live = new Map<string, number>();
  readonly #sizes: number[] = [];
  #unmatched = 0;

  allocate(id: string, bytes: number): boolean {
    if (this.#live.has(id)) return false;
    const slot = this.#sizes.push(bytes) - 1;
    this.#live.set(id, slot);
    this.#add(1, slot, bytes);
    return true;
  }

  free(id: string): void {
    const slot = this.#live.get(id);
    if (slot === undefined) {
      this.#unmatched++;
      return;
    }
    this.#live.delete(id);
    this.#add(0, slot, this.#sizes[slot]!);
  }

  done(): Trace {
    return {
      length: this.#alloc.length,
      alloc: Uint8Array.from(this.#alloc),
      slot: Uint32Array.from(this.#slot),
      bytes: Float64Array.from(this.#bytes),
      slots: this.#sizes.length,
      unmatchedFrees: this.#unmatched,
    };
  }

  #add(alloc: number, slot: number, bytes: number): void {
    this.#alloc.push(alloc);
    this.#slot.push(slot);
    this.#bytes.push(bytes);
  }
}

function bad(where: string, what: string): CenoteError {
  return new CenoteError("BAD_TRACE", `${where}: ${what}`, {
    mend: "Columns are described in docs/memory.md, under Replay.",
  });
}
