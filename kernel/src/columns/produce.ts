// Columns of the pool as buffers of Arrow record batches to come, which one read-back fills where they will
// stay, in memory of whoever asks. Widths that differ from the pool's are changed in that memory.
import type { Data, Dictionary, Table } from "apache-arrow";
import type { GpuRange } from "../gpu/index.ts";
import { arrowLibrary, readersOf } from "./arrow.ts";
import { countBits } from "./bits.ts";
import type { Column, ColumnChunk, ColumnStore } from "./store.ts";
import { textForm } from "./types.ts";

/** Record batches whose buffers are to be filled. */
export interface ProducedRows {
  /** The schema and the dictionaries; without rows. */
  readonly head: Table;
  /** Nodes are [rows, nulls]; the nulls count when `fill` has ended. Buffers may need more room than bytes. */
  readonly batches: readonly {
    readonly rows: number;
    readonly nodes: [rows: number, nulls: number][];
    readonly buffers: readonly { bytes: number; room?: number }[];
  }[];
  /** One read-back into the buffers of each batch, `room` (or `bytes`) long, at multiples of 8 bytes. */
  readonly fill: (buffers: Uint8Array[][]) => Promise<void>;
}

/** A buffer to come: a part of a block, and what is to be done to its bytes once they are there. */
interface Part {
  bytes: number;
  room?: number;
  from?: GpuRange;
  finish?: (buffer: Uint8Array) => void;
}

/** The store's rows, or undefined where a column's Arrow layout is not made in place (views, lists, structs). Throws DISPOSED. */
export async function produceRows(store: ColumnStore): Promise<ProducedRows | undefined> {
  store.check();
  const columns = [...store.columns.values()];
  if (columns.some((column) => hasViews(column) || column.children)) return undefined;
  const arrow = await arrowLibrary();
  const readers = readersOf(arrow, columns);
  const fields = readers.map((reader) => reader.field);
  const schema = new arrow.Schema(fields, new Map(store.metadata));
  const children = readers.map((reader) => reader.empty());
  const none = arrow.makeData({
    type: new arrow.Struct(fields),
    length: 0,
    nullCount: 0,
    children,
  });
  const plans = store.chunkRows.map((rows, chunk) => {
    const nodes: [number, number][] = columns.map(() => [rows, 0]);
    const parts = columns.flatMap((column, i) =>
      partsOf(column, column.chunks[chunk]!, children[i]!, nodes[i]!),
    );
    return { rows, nodes, buffers: parts };
  });
  const fill = async (buffers: Uint8Array[][]) => {
    const wanted = plans.flatMap(({ buffers: parts }, batch) =>
      parts.map((part, i) => ({ part, into: buffers[batch]![i]! })),
    );
    const read = wanted.filter(({ part }) => part.from && part.from.bytes! > 0);
    if (read.length > 0) {
      await store.gpu.read(
        read.map(({ part }) => part.from!),
        read.map(({ part, into }) => into.subarray(0, part.from!.bytes)),
      );
    }
    for (const { part, into } of wanted) part.finish?.(into);
  };
  const head = new arrow.Table(schema, [new arrow.RecordBatch(schema, none)]);
  return { head, batches: plans, fill };
}

const hasViews = ({ type }: Column) => type.kind === "text" && textForm(type) === "view";

/** The buffers of a chunk, as Arrow orders them; `node` gets its nulls when they are counted. */
function partsOf(
  { type }: Column,
  { rows, layout, block }: ColumnChunk,
  data: Data,
  node: [number, number],
): Part[] {
  if (type.kind === "null") {
    node[1] = rows;
    return [];
  }
  const part = (offset: number, bytes: number): Part => ({ bytes, from: { block, offset, bytes } });
  const validity: Part =
    layout.validity < 0
      ? { bytes: 0 }
      : {
          ...part(layout.validity, Math.ceil(rows / 8)),
          finish: (bits) => {
            node[1] = rows - countBits(bits, rows);
          },
        };
  const bytes = type.bits === 1 ? Math.ceil(rows / 8) : layout.firstBytes;
  const first = part(0, bytes);
  if (type.kind === "text") {
    const wide = textForm(type) === "large";
    const offsets = wide ? resized(first, rows + 1, 4, 8) : first;
    return [validity, offsets, part(layout.bytes, layout.textBytes)];
  }
  if (type.kind === "code") {
    const { indices } = data.type as Dictionary;
    return [validity, resized(first, rows, 4, indices.bitWidth / 8)];
  }
  const width = type.bits / 8;
  const { arrowBytes = width } = type;
  return [validity, arrowBytes === width ? first : resized(first, rows, width, arrowBytes)];
}

/** Values of `from` bytes each become values of `to` bytes, in place: cut, or with zeros behind. */
function resized(part: Part, count: number, from: number, to: number): Part {
  if (from === to) return part;
  const finish = (buffer: Uint8Array) => {
    if (from === 4 && to === 8) widen(wordsOf(buffer), count);
    else if (from === 4 && to < 4)
      narrow(wordsOf(buffer), count, to === 1 ? Uint8Array : Uint16Array);
    else for (let i = 1; i < count; i++) buffer.copyWithin(i * to, i * from, i * from + to);
  };
  return { ...part, bytes: count * to, room: count * Math.max(from, to), finish };
}

const wordsOf = (bytes: Uint8Array) =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

// From the end, so that no word is written over before it is read.
function widen(words: Uint32Array, count: number): void {
  for (let i = count - 1; i >= 0; i--) {
    words[2 * i] = words[i]!;
    words[2 * i + 1] = 0;
  }
}

function narrow(
  words: Uint32Array,
  count: number,
  Narrow: Uint8ArrayConstructor | Uint16ArrayConstructor,
): void {
  const out = new Narrow(words.buffer as ArrayBuffer, words.byteOffset, count);
  for (let i = 0; i < count; i++) out[i] = words[i]!;
}
