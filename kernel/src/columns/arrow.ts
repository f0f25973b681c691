// Bytes of blocks, as kernels and uploads lay them out, back into Arrow's arrays. apache-arrow is loaded
// on first use: a kernel starts without it.
import type * as Arrow from "apache-arrow";
import type { Data, DataType, Field } from "apache-arrow";
import { dictionaryVector, make, offsetsFor, textData, values, words } from "./arrow-data.ts";
import { countBits } from "./bits.ts";
import type { HostChunk } from "./host.ts";
import { bitmapBytes, type Layout, layoutOf } from "./layout.ts";
import type { Column, ColumnFacts } from "./store.ts";
import { ARROW, type ColumnType, isNested } from "./types.ts";

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
