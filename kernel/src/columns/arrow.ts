// Bytes of blocks, as kernels and uploads lay them out, back into Arrow's arrays. apache-arrow is loaded
// on first use: a kernel starts without it.
import type * as Arrow from "apache-arrow";
import type { Data, DataType, Field } from "apache-arrow";
import { countBits } from "./bits.ts";
import type { HostChunk } from "./host.ts";
import { bitmapBytes, type Layout, layoutOf } from "./layout.ts";
import type { Column, ColumnFacts } from "./store.ts";
import { ARROW, type ColumnType, columnType, isNested, textForm } from "./types.ts";

let library: Promise<typeof Arrow> | undefined;

/** The apache-arrow library, loaded once. */
export function arrowLibrary(): Promise<typeof Arrow> {
  library ??= import("apache-arrow");
  return library;
}

/** The Arrow type of a computed column. */
export function arrowType(arrow: typeof Arrow, type: ColumnType): DataType {
  const units = { s: 0, ms: 1, us: 2, ns: 3 } as const;
  if (type.temporal === "timestamp")
    return new arrow.Timestamp(units[type.unit!], type.timezone ?? null);
  if (type.temporal === "duration") return new arrow.Duration(units[type.unit!]);
  if (type.temporal === "date")
    return type.bits === 32 ? new arrow.DateDay() : new arrow.DateMillisecond();
  if (type.temporal === "time") return new arrow.Time(units[type.unit!], type.bits as 32 | 64);
  switch (type.kind) {
    case "i32":
    case "i64":
      return new arrow.Int(true, type.bits as 32);
    case "u32":
    case "u64":
      return new arrow.Int(false, type.bits as 32);
    case "f32":
      return type.bits === 16 ? new arrow.Float16() : new arrow.Float32();
    case "f64":
      return new arrow.Float64();
    case "decimal":
      return new arrow.Decimal(type.scale!, type.precision!, 128);
    case "bool":
      return new arrow.Bool();
    case "null":
      return new arrow.Null();
    default:
      return type.name === "large_utf8" ? new arrow.LargeUtf8() : new arrow.Utf8();
  }
}

/**
 * The Arrow field of a column: the one it came from, under its present name, or one made from its type. `inside` are
 * those of what is in a list or a struct, `ids` those of dictionaries in the same table.
 */
function arrowField(
  arrow: typeof Arrow,
  column: ColumnFacts,
  inside: readonly Field[],
  ids: Set<number>,
): Field {
  const { field, name, type, nulls } = column;
  if (!field) return new arrow.Field(name, arrowType(arrow, type), true);
  const dataType = column.dictionary
    ? codesOf(arrow, field.type, column.dictionary.length, ids)
    : column.children
      ? nestedType(arrow, field.type, inside)
      : field.type;
  const nullable = field.nullable || nulls;
  if (field.name === name && dataType === field.type && nullable === field.nullable) return field;
  return new arrow.Field(name, dataType, nullable, field.metadata);
}

// Merged dictionaries may need more codes than the index type of the batches had, and columns of several tables,
// each of which counted its own, an id that is new.
function codesOf(arrow: typeof Arrow, type: DataType, size: number, ids: Set<number>): DataType {
  const { indices, dictionary, isOrdered, id } = type as Arrow.Dictionary;
  const bits = indices.bitWidth - (indices.isSigned ? 1 : 0);
  const fits = size <= 2 ** bits;
  let made = type as Arrow.Dictionary;
  if (!fits || ids.has(id)) {
    const codes = fits ? indices : new arrow.Int32();
    const kept = ids.has(id) ? null : id;
    do made = new arrow.Dictionary(dictionary, codes, kept, isOrdered);
    while (ids.has(made.id));
  }
  ids.add(made.id);
  return made;
}

// The same type, unless a field changed.
function nestedType(arrow: typeof Arrow, type: DataType, children: readonly Field[]): DataType {
  if (children.every((child, i) => type.children[i] === child)) return type;
  const [item] = children as [Field];
  switch (type.typeId as number) {
    case ARROW.list:
      return new arrow.List(item);
    case ARROW.largeList:
      return new arrow.LargeList(item);
    case ARROW.map:
      return new arrow.Map_(item as never, (type as unknown as { keysSorted: boolean }).keysSorted);
    case ARROW.fixedSizeList:
      return new arrow.FixedSizeList((type as unknown as { listSize: number }).listSize, item);
    default:
      return new arrow.Struct([...children]);
  }
}

/** The readers of a table's columns. */
export function readersOf(arrow: typeof Arrow, columns: readonly ColumnFacts[]): ColumnReader[] {
  const ids = new Set<number>();
  return columns.map((column) => new ColumnReader(arrow, column, ids));
}

/** Makes Arrow Data of the chunks of one column; a dictionary is made once for all of them. */
class ColumnReader {
  readonly field: Field;
  readonly #arrow: typeof Arrow;
  readonly #column: ColumnFacts;
  readonly #children: readonly ColumnReader[];
  #values: Arrow.Vector | undefined;

  constructor(arrow: typeof Arrow, column: ColumnFacts, ids: Set<number>) {
    this.#arrow = arrow;
    this.#column = column;
    this.#children = (column.children ?? []).map((child) => new ColumnReader(arrow, child, ids));
    const inside = this.#children.map(({ field }) => field);
    this.field = arrowField(arrow, column, inside, ids);
  }

  /** Chunk `chunk` of the column, whose blocks `take` gives: of a column before those in it. */
  chunk(column: Column, chunk: number, take: () => Uint8Array): Data {
    const { layout, rows } = column.chunks[chunk]!;
    const bytes = take();
    const children = this.#children.map((child, i) =>
      child.chunk(column.children![i]!, chunk, take),
    );
    return this.data(bytes, layout, rows, children);
  }

  /** A chunk of the column on the host. */
  hosted({ bytes, layout, rows, children = [] }: HostChunk): Data {
    const inside = children.map((child, i) => this.#children[i]!.hosted(child));
    return this.data(bytes, layout, rows, inside);
  }

  /** No rows, but the dictionary. */
  empty(): Data {
    const layout = layoutOf(this.#column.type, 0, false);
    const children = this.#children.map((child) => child.empty());
    return this.data(new Uint8Array(layout.total), layout, 0, children);
  }

  /** `bytes` is the content of the chunk's block, at a 4-byte aligned address of memory of its own. */
  data(bytes: Uint8Array, layout: Layout, rows: number, children: readonly Data[] = []): Data {
    const { type } = this.#column;
    if (type.kind === "null") return new this.#arrow.Data(this.field.type, 0, rows, rows);
    const validity =
      layout.validity < 0
        ? undefined
        : bytes.subarray(layout.validity, layout.validity + bitmapBytes(rows));
    const nulls = validity ? rows - countBits(validity, rows) : 0;
    const bitmap = nulls > 0 ? validity : undefined;
    const first = bytes.subarray(0, layout.firstBytes);
    if (type.kind === "text") {
      const text = bytes.subarray(layout.bytes, layout.bytes + layout.textBytes);
      return textData(this.#arrow, this.field.type, words(first), text, rows, nulls, bitmap);
    }
    if (isNested(type)) {
      const run = type.kind === "list" ? offsetsFor(type, words(first), rows) : undefined;
      return make(this.#arrow, this.field.type, rows, nulls, undefined, bitmap, run, children);
    }
    if (type.kind === "code") return this.#codes(words(first), rows, nulls, bitmap);
    return make(
      this.#arrow,
      this.field.type,
      rows,
      nulls,
      values(this.field.type, type, first),
      bitmap,
    );
  }

  #codes(codes: Uint32Array, rows: number, nulls: number, bitmap: Uint8Array | undefined): Data {
    const type = this.field.type as Arrow.Dictionary;
    const indices = type.indices.ArrayType as unknown as Uint32ArrayConstructor;
    const narrow =
      (type.indices.bitWidth as number) === 64
        ? BigInt64Array.from(codes, BigInt)
        : indices.from(codes);
    this.#values ??= dictionaryVector(this.#arrow, type.dictionary, this.#column.dictionary!);
    const data = make(this.#arrow, type, rows, nulls, narrow, bitmap);
    data.dictionary = this.#values;
    return data;
  }
}

type Values = ArrayBufferView;

function make(
  arrow: typeof Arrow,
  type: DataType,
  rows: number,
  nulls: number,
  data: Values | undefined,
  bitmap: Uint8Array | undefined,
  offsets?: Values,
  children?: readonly Data[],
): Data {
  const buffers = { 0: offsets, 1: data, 2: bitmap } as unknown as Data["buffers"];
  return new arrow.Data(type, 0, rows, nulls, buffers, children as Data[] | undefined);
}

const words = (bytes: Uint8Array) =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

// ArrayType of the Arrow type decides the view: Int16Array, Float64Array, BigInt64Array, Uint8Array …
function values(type: DataType, column: ColumnType, first: Uint8Array): Values {
  const { arrowBytes } = column;
  if (arrowBytes !== undefined && arrowBytes * 8 !== column.bits)
    return unpad(first, arrowBytes, column.bits / 8);
  const View = (column.bits === 1
    ? Uint8Array
    : type.ArrayType) as unknown as Uint8ArrayConstructor;
  const length = Math.floor(first.byteLength / View.BYTES_PER_ELEMENT);
  if (first.byteOffset % View.BYTES_PER_ELEMENT === 0) {
    return new View(first.buffer as ArrayBuffer, first.byteOffset, length);
  }
  return new View(first.slice().buffer, 0, length);
}

function unpad(padded: Uint8Array, narrow: number, width: number): Uint8Array {
  const rows = padded.byteLength / width;
  const out = new Uint8Array(rows * narrow);
  for (let i = 0; i < rows; i++)
    out.set(padded.subarray(i * width, i * width + narrow), i * narrow);
  return out;
}

function textData(
  arrow: typeof Arrow,
  type: DataType,
  offsets: Uint32Array,
  text: Uint8Array,
  rows: number,
  nulls: number,
  bitmap: Uint8Array | undefined,
): Data {
  const form = textForm(columnType(type, ""));
  if (form === "view") return viewData(arrow, type, offsets, text, rows, nulls, bitmap);
  return make(
    arrow,
    type,
    rows,
    nulls,
    text,
    bitmap,
    offsetsFor(columnType(type, ""), offsets, rows),
  );
}

// 32 bits as they lie there, or 64.
function offsetsFor(type: ColumnType, offsets: Uint32Array, rows: number): Values {
  if (textForm(type) === "small")
    return new Int32Array(offsets.buffer, offsets.byteOffset, rows + 1);
  const wide = new Uint32Array((rows + 1) * 2);
  for (let i = 0; i <= rows; i++) wide[i * 2] = offsets[i]!;
  return new BigInt64Array(wide.buffer);
}

function viewData(
  arrow: typeof Arrow,
  type: DataType,
  offsets: Uint32Array,
  text: Uint8Array,
  rows: number,
  nulls: number,
  bitmap: Uint8Array | undefined,
): Data {
  const views = new Uint8Array(rows * 16);
  const out = new DataView(views.buffer);
  for (let row = 0; row < rows; row++) {
    const from = offsets[row]!;
    const length = offsets[row + 1]! - from;
    out.setInt32(row * 16, length, true);
    views.set(text.subarray(from, from + Math.min(length, length <= 12 ? 12 : 4)), row * 16 + 4);
    if (length > 12) out.setInt32(row * 16 + 12, from, true);
  }
  const buffers = { 1: views, 2: bitmap } as unknown as Data["buffers"];
  return new arrow.Data(type, 0, rows, nulls, buffers, [], undefined, [text]);
}

function dictionaryVector(
  arrow: typeof Arrow,
  type: DataType,
  values: readonly unknown[],
): Arrow.Vector {
  if (columnType(type, "").kind !== "text" || typeof values[0] !== "string") {
    return arrow.vectorFromArray(values, type);
  }
  const encoded = values.map((value) => Buffer.from(value as string));
  const offsets = new Uint32Array(values.length + 1);
  encoded.forEach((bytes, i) => {
    offsets[i + 1] = offsets[i]! + bytes.byteLength;
  });
  const data = textData(arrow, type, offsets, Buffer.concat(encoded), values.length, 0, undefined);
  return new arrow.Vector([data]);
}
