// Rows of columns on the host by their numbers, lists and structs with what is in them; and rows of nulls.
import { type HostChunk, type HostColumn, type Locate, type NumberArray, view } from "./host.ts";
import { bitmapBytes, type Layout, layoutOf } from "./layout.ts";
import type { ColumnFacts } from "./store.ts";
import { type ColumnType, isText } from "./types.ts";

/** The rows of `order`, as one chunk. */
export function take(column: HostColumn, order: Uint32Array, locate: Locate): HostChunk {
  return takePlaces(column, Array.from(order, locate));
}

function takePlaces(column: HostColumn, places: Places): HostChunk {
  const { type, nulls, chunks } = column;
  const rows = places.length;
  const text = isText(type) ? sizesOf(chunks, places) : undefined;
  const layout = layoutOf(type, rows, nulls, text?.at(-1) ?? 0);
  const bytes = new Uint8Array(layout.total);
  if (text) takeText(chunks, places, text, bytes, layout);
  else if (type.bits === 1) takeBits(chunks, places, bytes, 0, () => 0);
  else if (!column.children) takeFixed(chunks, places, bytes, type.bits / 8);
  if (nulls) takeBits(chunks, places, bytes, layout.validity, (chunk) => chunk.layout.validity);
  if (!column.children) return { bytes, layout, rows };
  const inside = placesInside(column, places, bytes);
  return { bytes, layout, rows, children: insideOf(column).map((one) => takePlaces(one, inside)) };
}

/** The columns in a list or a struct. */
function insideOf({ children = [], chunks }: HostColumn): HostColumn[] {
  return children.map((facts, k) => {
    return { ...facts, chunks: chunks.map(({ children: inside }) => inside![k]!) };
  });
}

// Where what belongs to these rows is found; of lists the offsets of the result are written.
function placesInside({ type, chunks, nulls }: HostColumn, places: Places, to: Uint8Array): Places {
  if (type.kind === "struct") return places;
  const size = type.size!;
  if (type.kind === "fixed")
    return places.flatMap(([chunk, row]) =>
      Array.from({ length: size }, (_, k) => [chunk, row * size + k] as const),
    );
  const offsets = chunks.map(({ bytes }) => view(Uint32Array, bytes));
  const out = new Uint32Array(to.buffer, 0, places.length + 1);
  const inside: (readonly [number, number])[] = [];
  places.forEach(([chunk, row], i) => {
    const end = nulls && !isValid(chunks[chunk]!, row) ? 0 : offsets[chunk]![row + 1]!;
    for (let item = offsets[chunk]![row]!; item < end; item++) inside.push([chunk, item]);
    out[i + 1] = inside.length;
  });
  return inside;
}

const isValid = ({ bytes, layout }: HostChunk, row: number): boolean =>
  ((bytes[layout.validity + (row >> 3)]! >> (row & 7)) & 1) === 1;

/** A chunk of nulls; what is in lists of one size and in structs is null too. */
export function nullRows(type: ColumnType, rows: number): HostChunk {
  const layout = layoutOf(type, rows, true);
  const inside = type.kind === "struct" ? rows : rows * (type.size ?? 0);
  const children = (type.children ?? []).map((child) => nullRows(child.type, inside));
  return { bytes: new Uint8Array(layout.total), layout, rows, children };
}

/** The column with a row of nulls behind its others; all that may be null has validity. */
export function withNullRow(column: HostColumn): HostColumn {
  const chunks = [...nullableChunks(column), nullRows(column.type, 1)];
  return { ...nullable(column), chunks };
}

/** The facts of a column of which all may be null. */
export function nullable<T extends Pick<ColumnFacts, "nulls" | "children">>(facts: T): T {
  if (!facts.children) return { ...facts, nulls: true };
  return { ...facts, nulls: true, children: facts.children.map(nullable) };
}

function nullableChunks(column: HostColumn): readonly HostChunk[] {
  const own = column.nulls ? column.chunks : column.chunks.map((chunk) => valid(column, chunk));
  if (!column.children) return own;
  const inside = insideOf(column).map(nullableChunks);
  return own.map((chunk, i) => ({ ...chunk, children: inside.map((chunks) => chunks[i]!) }));
}

/** A chunk with a bit for each row that says that it has a value. */
export function valid({ type }: Pick<HostColumn, "type">, chunk: HostChunk): HostChunk {
  const { rows, layout: from } = chunk;
  const layout = layoutOf(type, rows, true, from.textBytes);
  const bytes = new Uint8Array(layout.total);
  bytes.set(chunk.bytes.subarray(0, from.firstBytes));
  bytes.fill(0xff, layout.validity, layout.validity + (rows >> 3));
  if (rows & 7) bytes[layout.validity + (rows >> 3)] = (1 << (rows & 7)) - 1;
  if (layout.bytes >= 0)
    bytes.set(chunk.bytes.subarray(from.bytes, from.bytes + from.textBytes), layout.bytes);
  return { ...chunk, bytes, layout };
}

/** The column of a chunk where its struct has a value too: both have these rows. */
export function within(
  struct: HostChunk,
  column: Pick<HostColumn, "type">,
  chunk: HostChunk,
): HostChunk {
  const own = chunk.layout.validity >= 0;
  const made = own ? { ...chunk, bytes: chunk.bytes.slice() } : valid(column, chunk);
  const { bytes, layout, rows } = made;
  for (let i = 0; i < bitmapBytes(rows); i++)
    bytes[layout.validity + i]! &= struct.bytes[struct.layout.validity + i]!;
  return made;
}

type Places = readonly (readonly [number, number])[];

// Word by word where a value is whole words, which all but small types are.
function takeFixed(
  chunks: readonly HostChunk[],
  places: Places,
  to: Uint8Array,
  width: number,
): void {
  const step = width % 4 === 0 ? 4 : width % 2 === 0 ? 2 : 1;
  const View = step === 4 ? Uint32Array : step === 2 ? Uint16Array : Uint8Array;
  const from = chunks.map(({ bytes }) => view(View as NumberArray, bytes) as ArrayLike<number>);
  const out = view(View as NumberArray, to) as Uint32Array;
  const units = width / step;
  places.forEach(([chunk, row], i) => {
    for (let k = 0; k < units; k++) out[i * units + k] = from[chunk]![row * units + k]!;
  });
}

function takeBits(
  chunks: readonly HostChunk[],
  places: Places,
  to: Uint8Array,
  at: number,
  section: (chunk: HostChunk) => number,
): void {
  places.forEach(([c, row], i) => {
    const chunk = chunks[c]!;
    const bit = (chunk.bytes[section(chunk) + (row >> 3)]! >> (row & 7)) & 1;
    to[at + (i >> 3)]! |= bit << (i & 7);
  });
}

function sizesOf(chunks: readonly HostChunk[], places: Places): number[] {
  const offsets = chunks.map((chunk) => view(Uint32Array, chunk.bytes));
  let total = 0;
  return places.map(([chunk, row]) => {
    total += offsets[chunk]![row + 1]! - offsets[chunk]![row]!;
    return total;
  });
}

function takeText(
  chunks: readonly HostChunk[],
  places: Places,
  ends: readonly number[],
  to: Uint8Array,
  layout: Layout,
): void {
  const offsets = chunks.map((chunk) => view(Uint32Array, chunk.bytes));
  const out = new Uint32Array(to.buffer, 0, places.length + 1);
  places.forEach(([c, row], i) => {
    const { bytes, layout: from } = chunks[c]!;
    const [first, end] = [offsets[c]![row]!, offsets[c]![row + 1]!];
    to.set(bytes.subarray(from.bytes + first, from.bytes + end), layout.bytes + out[i]!);
    out[i + 1] = ends[i]!;
  });
}
