// Values that people write down, as Arrow columns. Their type is found from all of them, not from the first:
// apache-arrow's own way loses what comes later (numbers beyond 64 bits, texts that are missing in an object).
import type * as Arrow from "apache-arrow";
import { dtypeOf, elementType } from "./columns.ts";

type ArrowModule = typeof Arrow;
type Values = readonly unknown[];
type Kind = "texts" | "numbers" | "bigints" | "booleans" | "dates" | "lists" | "objects";

/** Most types within each other, as in streams. */
const DEEPEST = 64;
const LARGEST = { signed: 2n ** 63n, unsigned: 2n ** 64n };

/**
 * The column; null, undefined and holes count as null. Without any other value it is one of texts. Throws TypeError
 * where no type fits them all.
 */
export function valuesData(arrow: ArrowModule, given: Values): Arrow.Data {
  refuseDeep(given, 1);
  return columnOf(arrow, given, 1);
}

/** Each value by itself: columns of values that lie within themselves would grow with each level. */
function refuseDeep(values: Values, depth: number): void {
  checkDepth(depth);
  for (const value of values) {
    if (Array.isArray(value)) refuseDeep(value, depth + 1);
    else if (typeof value === "object" && value !== null && isPlain(value)) {
      refuseDeep(Object.values(value), depth + 1);
    }
  }
}

function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw new TypeError(`values are nested more than ${DEEPEST} deep`);
}

function columnOf(arrow: ArrowModule, given: Values, depth: number): Arrow.Data {
  checkDepth(depth); // vectors among the values were not looked into
  const values = Array.from(given, (value) => plainOf(arrow, value));
  const kinds = new Set(values.flatMap((value) => (value === null ? [] : kindOf(value))));
  const [kind = "texts", ...others] = kinds;
  if (others.length > 0) {
    throw new TypeError(`wanted values of one type, found ${[...kinds].join(" and ")}`);
  }
  if (kind === "lists") return lists(arrow, values as (Values | null)[], depth);
  if (kind === "objects") return objects(arrow, values as (object | null)[], depth);
  return MAKERS[kind](arrow, values as never[]);
}

/** Null for what is missing, and what a table's rows give in the form of their own. */
function plainOf(arrow: ArrowModule, value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof arrow.StructRow || value instanceof arrow.MapRow) return value.toJSON();
  return value instanceof arrow.Vector ? [...value] : value;
}

function kindOf(value: unknown): Kind {
  if (typeof value === "string") return "texts";
  if (typeof value === "number") return "numbers";
  if (typeof value === "bigint") return "bigints";
  if (typeof value === "boolean") return "booleans";
  if (Array.isArray(value) || dtypeOf(value)) return "lists";
  // By its tag: dates of other realms (a cell's) are known, too.
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (tag === "Date") return "dates";
  if (typeof value === "object" && isPlain(value!)) return "objects";
  throw new TypeError(`wanted values that Arrow has a type for, found ${nameOf(value, tag)}`);
}

/** Whether it is an object of a literal's kind, of this realm or another. */
export function isPlain(value: object): boolean {
  // A cell's objects are of another realm: known by what they do not inherit.
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown, tag: string): string {
  const isObject = typeof value === "object" && value !== null;
  return isObject ? value.constructor?.name || tag : typeof value;
}

/** Which values there are: Arrow's bits, and how many there are not. */
function validity(values: readonly unknown[]): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullCount = values.reduce((count: number, value) => count + Number(value === null), 0);
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bits(values, notNull) };
}

const notNull = (value: unknown) => value !== null;

function bits<T>(values: readonly T[], isSet: (value: T) => boolean): Uint8Array {
  const made = new Uint8Array((values.length + 7) >> 3);
  for (const [i, value] of values.entries()) if (isSet(value)) made[i >> 3]! |= 1 << (i & 7);
  return made;
}

/** Offsets of parts that follow each other, of those lengths. Throws TypeError beyond 2³¹ − 1. */
function offsetsOf(lengths: Iterable<number>, count: number): Int32Array {
  const offsets = new Int32Array(count + 1);
  let [at, end] = [0, 0];
  for (const length of lengths) {
    end += length;
    if (end > 0x7fffffff) throw new TypeError("more than 2³¹ − 1 bytes or values in one column");
    offsets[++at] = end;
  }
  return offsets;
}

const MAKERS = {
  texts(arrow: ArrowModule, values: readonly (string | null)[]): Arrow.Data {
    const lengths = values.map((value) => Buffer.byteLength(value ?? ""));
    const valueOffsets = offsetsOf(lengths, values.length);
    const data = Buffer.alloc(valueOffsets.at(-1)!);
    for (const [i, value] of values.entries()) if (value) data.write(value, valueOffsets[i]!);
    const type = new arrow.Utf8();
    return arrow.makeData({ type, ...validity(values), length: values.length, valueOffsets, data });
  },
  numbers(arrow: ArrowModule, values: readonly (number | null)[]): Arrow.Data {
    const data = Float64Array.from(values, Number);
    return arrow.makeData({ type: new arrow.Float64(), ...validity(values), data });
  },
  bigints(arrow: ArrowModule, values: readonly (bigint | null)[]): Arrow.Data {
    const isBelow = (value: bigint | null) => value !== null && value < -LARGEST.signed;
    const isLarge = (value: bigint | null) => value !== null && value >= LARGEST.signed;
    const isSigned = !values.some(isLarge);
    const outside = values.find((value) =>
      isSigned ? isBelow(value) : value !== null && (value < 0n || value >= LARGEST.unsigned),
    );
    if (outside !== undefined) {
      throw new TypeError(`wanted whole numbers of 64 bits, found ${outside}`);
    }
    const dtype = isSigned ? "int64" : "uint64";
    const Numbers = isSigned ? BigInt64Array : BigUint64Array;
    const data = new Numbers(values.map((value) => value ?? 0n));
    const type = elementType(arrow, dtype) as Arrow.Int64;
    return arrow.makeData({ type, ...validity(values), data: data as BigInt64Array });
  },
  booleans(arrow: ArrowModule, values: readonly (boolean | null)[]): Arrow.Data {
    const data = bits(values, Boolean);
    const { length } = values;
    return arrow.makeData({ type: new arrow.Bool(), ...validity(values), length, data });
  },
  dates(arrow: ArrowModule, values: readonly (Date | null)[]): Arrow.Data {
    if (values.some((value) => value !== null && Number.isNaN(value.getTime()))) {
      throw new TypeError("wanted dates, found an invalid one");
    }
    const data = BigInt64Array.from(values, (value) => BigInt(value?.getTime() ?? 0));
    return arrow.makeData({ type: new arrow.TimestampMillisecond(), ...validity(values), data });
  },
};

function lists(arrow: ArrowModule, values: readonly (Values | null)[], depth: number): Arrow.Data {
  const lengths = values.map((value) => value?.length ?? 0);
  const valueOffsets = offsetsOf(lengths, values.length);
  const child = elements(arrow, values, depth);
  const type = new arrow.List(new arrow.Field("item", child.type, true));
  return arrow.makeData({ type, ...validity(values), length: values.length, valueOffsets, child });
}

/** All elements, one list after the other: of typed arrays of one kind, as they are. */
function elements(arrow: ArrowModule, all: readonly (Values | null)[], depth: number): Arrow.Data {
  const given = all.filter((value) => value !== null);
  const dtypes = new Set(given.map(dtypeOf));
  const [dtype] = dtypes;
  if (dtypes.size !== 1 || dtype === undefined) {
    return columnOf(
      arrow,
      given.flatMap((list) => Array.from(list)),
      depth + 1,
    );
  }
  const parts = given as unknown as Uint8Array[];
  const bytes = Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
  const type = elementType(arrow, dtype);
  const data = new (type.ArrayType as Uint8ArrayConstructor)(new Uint8Array(bytes).buffer);
  return arrow.makeData({ type: type as Arrow.Uint8, data });
}

function objects(
  arrow: ArrowModule,
  values: readonly (object | null)[],
  depth: number,
): Arrow.Data {
  const rows = values as (Record<string, unknown> | null)[];
  const names = new Set(rows.flatMap((row) => (row === null ? [] : Object.keys(row))));
  const children = [...names].map((name) =>
    columnOf(
      arrow,
      rows.map((row) => (row !== null && Object.hasOwn(row, name) ? row[name] : null)),
      depth + 1,
    ),
  );
  const fields = [...names].map((name, i) => new arrow.Field(name, children[i]!.type, true));
  const type = new arrow.Struct(fields);
  return arrow.makeData({ type, ...validity(rows), length: rows.length, children });
}
