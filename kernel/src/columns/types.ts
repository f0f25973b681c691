// What a column holds, as the GPU side sees it: a kind (how a value is computed with), a width (how it
// is stored) and the Arrow name that messages use. Arrow's type objects are read by their numeric ids,
// so that tables of any copy of apache-arrow are understood and that library need not be loaded here.
// Leaves layouts to layout.ts and the making of Arrow types to arrow.ts.
import type { DataType, Field } from "apache-arrow";
import { CenoteError } from "../base/index.ts";

/**
 * How values are computed with:
 * i32, u32, f32 in one word (narrower ones widen when loaded); i64, u64, f64 as pairs of u32, low first;
 * decimal as four u32, low first; bool as a bit; text as a range of bytes; code as an index into a dictionary; list, fixed (lists of one size) and
 * struct have columns of their own for what is in them; opaque is carried only.
 */
export type Kind =
  | "i32"
  | "u32"
  | "f32"
  | "i64"
  | "u64"
  | "f64"
  | "decimal"
  | "bool"
  | "text"
  | "code"
  | "list"
  | "fixed"
  | "struct"
  | "opaque"
  | "null";

export type TimeUnit = "s" | "ms" | "us" | "ns";

export interface ColumnType {
  /** As messages have it: "int16", "timestamp[us]", "large_utf8", "dictionary<utf8>". */
  readonly name: string;
  readonly kind: Kind;
  /** Bits a value takes in its block: 1, 8, 16, 32, 64 or more; for text those of an offset (32). */
  readonly bits: number;
  readonly temporal?: "timestamp" | "date" | "time" | "duration";
  readonly unit?: TimeUnit;
  readonly timezone?: string;
  /** Of lists their items, of structs their fields. */
  readonly children?: readonly { readonly name: string; readonly type: ColumnType }[];
  /** Of lists of one size: that size. */
  readonly size?: number;
  /** Of decimals: digits in all, and those behind the point. */
  readonly precision?: number;
  readonly scale?: number;
  /** Bytes a value takes in Arrow where that differs from bits / 8 (fixed-size binary is padded to words). */
  readonly arrowBytes?: number;
}

const plain = (name: string, kind: Kind, bits: number): ColumnType => ({ name, kind, bits });

/** The types that expressions can make. */
export const TYPES = {
  int8: plain("int8", "i32", 8),
  int16: plain("int16", "i32", 16),
  int32: plain("int32", "i32", 32),
  int64: plain("int64", "i64", 64),
  uint8: plain("uint8", "u32", 8),
  uint16: plain("uint16", "u32", 16),
  uint32: plain("uint32", "u32", 32),
  uint64: plain("uint64", "u64", 64),
  float16: plain("float16", "f32", 16),
  float32: plain("float32", "f32", 32),
  float64: plain("float64", "f64", 64),
  bool: plain("bool", "bool", 1),
  date32: { ...plain("date32", "i32", 32), temporal: "date" },
} as const satisfies Record<string, ColumnType>;
export type TypeName = keyof typeof TYPES;

/** Text, as expressions make it. */
export const UTF8: ColumnType = plain("utf8", "text", 32);
export const LARGE_UTF8: ColumnType = plain("large_utf8", "text", 32);

/** Milliseconds since the epoch, of whole days. */
export const DATE64: ColumnType = { ...plain("date64", "i64", 64), temporal: "date", unit: "ms" };

export function decimalType(precision: number, scale: number): ColumnType {
  return { ...plain(`decimal128(${precision}, ${scale})`, "decimal", 128), precision, scale };
}

export function timeType(bits: number, unit: TimeUnit): ColumnType {
  const kind = bits === 64 ? "i64" : "i32";
  return { ...plain(`time${bits}[${unit}]`, kind, bits), temporal: "time", unit };
}

export function timestampType(unit: TimeUnit, timezone?: string): ColumnType {
  const name = `timestamp[${unit}${timezone ? `, ${timezone}` : ""}]`;
  const zone = timezone ? { timezone } : {};
  return { ...plain(name, "i64", 64), temporal: "timestamp", unit, ...zone };
}

export function durationType(unit: TimeUnit): ColumnType {
  return { ...plain(`duration[${unit}]`, "i64", 64), temporal: "duration", unit };
}

/** The type of this name that values can be cast to, e.g. "int8" (or "i8"), "timestamp[us]" or "duration[ms]". */
export function typeNamed(given: string): ColumnType | undefined {
  // As tensors name them.
  const name = given
    .replace(/^i(?=\d+$)/, "int")
    .replace(/^u(?=\d+$)/, "uint")
    .replace(/^f(?=\d+$)/, "float");
  if (Object.hasOwn(TYPES, name)) return TYPES[name as TypeName];
  if (name === DATE64.name) return DATE64;
  const [, digits, scale] = /^decimal128\((\d+), ?(\d+)\)$/.exec(name) ?? [];
  if (Number(digits) >= 1 && Number(digits) <= 38 && Number(scale) <= Number(digits))
    return decimalType(Number(digits), Number(scale));
  const [, sort, unit, zone] =
    /^(timestamp|duration|time32|time64)\[(s|ms|us|ns)(?:, ([\w/+:-]+))?\]$/.exec(name) ?? [];
  if (sort === "timestamp") return timestampType(unit as TimeUnit, zone);
  if (sort === undefined || zone !== undefined) return undefined;
  if (sort === "duration") return durationType(unit as TimeUnit);
  const small = unit === "s" || unit === "ms";
  return small === (sort === "time32") ? timeType(small ? 32 : 64, unit as TimeUnit) : undefined;
}

/** True for types whose values kernels and groups compute with and compare; others are carried. */
export function isPlain({ kind }: ColumnType): boolean {
  return !UNCOMPUTED.has(kind);
}

const UNCOMPUTED: ReadonlySet<Kind> = new Set([
  "opaque",
  "null",
  "decimal",
  "list",
  "fixed",
  "struct",
]);

/** True for lists and structs. */
export function isNested({ kind }: ColumnType): boolean {
  return kind === "list" || kind === "fixed" || kind === "struct";
}

/** Ids of apache-arrow's Type enumeration, which its IPC format fixes. */
export const ARROW = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  fixedSizeBinary: 15,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  binaryView: 23,
  utf8View: 24,
  list: 12,
  struct: 13,
  fixedSizeList: 16,
  map: 17,
  largeList: 21,
  dictionary: -1,
} as const;

const UNITS: TimeUnit[] = ["s", "ms", "us", "ns"];
const INTERVAL_BITS = [32, 64, 128];
/** Fields of Arrow's type classes that are read here. */
interface Facts {
  bitWidth: number;
  isSigned: boolean;
  precision: number;
  scale: number;
  unit: number;
  timezone?: string | null;
  byteWidth: number;
  dictionary: DataType;
}

/**
 * The column type of an Arrow type. `column` is named in the error.
 * Throws UNKNOWN_TYPE for unions and for what Arrow adds later.
 */
export function columnType(type: DataType, column: string): ColumnType {
  const facts = type as unknown as Facts;
  switch (type.typeId as number) {
    case ARROW.null:
      return plain("null", "null", 0);
    case ARROW.int:
      return TYPES[`${facts.isSigned ? "int" : "uint"}${facts.bitWidth}` as TypeName];
    case ARROW.float:
      if (facts.precision === 0) return TYPES.float16;
      return facts.precision === 1 ? TYPES.float32 : TYPES.float64;
    case ARROW.bool:
      return TYPES.bool;
    case ARROW.utf8:
      return UTF8;
    case ARROW.largeUtf8:
      return LARGE_UTF8;
    case ARROW.utf8View:
      return plain("utf8_view", "text", 32);
    case ARROW.binary:
      return plain("binary", "text", 32);
    case ARROW.largeBinary:
      return plain("large_binary", "text", 32);
    case ARROW.binaryView:
      return plain("binary_view", "text", 32);
    case ARROW.decimal:
      return facts.bitWidth === 128
        ? decimalType(facts.precision, facts.scale)
        : plain(`decimal${facts.bitWidth}`, "opaque", facts.bitWidth);
    case ARROW.interval:
      return plain("interval", "opaque", INTERVAL_BITS[facts.unit]!);
    case ARROW.fixedSizeBinary:
      return {
        ...plain(
          `fixed_size_binary[${facts.byteWidth}]`,
          "opaque",
          Math.ceil(facts.byteWidth / 4) * 32,
        ),
        arrowBytes: facts.byteWidth,
      };
    case ARROW.dictionary:
      return plain(`dictionary<${columnType(facts.dictionary, column).name}>`, "code", 32);
    default:
      return temporalType(type, facts) ?? nestedType(type, column);
  }
}

function temporalType(type: DataType, facts: Facts): ColumnType | undefined {
  const unit = UNITS[facts.unit];
  switch (type.typeId as number) {
    case ARROW.date:
      return facts.unit === 0 ? TYPES.date32 : DATE64;
    case ARROW.time:
      return timeType(facts.bitWidth, unit!);
    case ARROW.timestamp:
      return timestampType(unit!, facts.timezone ?? undefined);
    case ARROW.duration:
      return durationType(unit!);
    default:
      return undefined;
  }
}

function nestedType(type: DataType, column: string): ColumnType {
  const fields = (type as { children?: readonly Field[] | null }).children ?? [];
  const children = fields.map(({ name, type: inner }) => ({
    name,
    type: columnType(inner, `${column}.${name}`),
  }));
  const [item] = children;
  switch (type.typeId as number) {
    case ARROW.list:
      return { ...plain(`list<${item!.type.name}>`, "list", 32), children };
    case ARROW.largeList:
      return { ...plain(`large_list<${item!.type.name}>`, "list", 32), children };
    case ARROW.map:
      return { ...plain(`map<${item!.type.name}>`, "list", 32), children };
    case ARROW.fixedSizeList: {
      const size = (type as unknown as { listSize: number }).listSize;
      return {
        ...plain(`fixed_size_list<${item!.type.name}>[${size}]`, "fixed", 0),
        children,
        size,
      };
    }
    case ARROW.struct: {
      const inner = children.map(({ name, type: of }) => `${name}: ${of.name}`).join(", ");
      return { ...plain(`struct<${inner}>`, "struct", 0), children };
    }
    default:
      throw new CenoteError(
        "UNKNOWN_TYPE",
        `column "${column}" has the Arrow type ${type}; wanted numbers, bool, text, dates, times, decimals, dictionaries, lists or structs`,
        { mend: "Leave it out with table.select([…]), or cast it first." },
      );
  }
}

/** True for types whose values are integers of 64 bits or fewer, dates and times included. */
export function isInteger(type: ColumnType): boolean {
  return type.kind === "i32" || type.kind === "u32" || type.kind === "i64" || type.kind === "u64";
}

/** True for float16, float32 and float64. */
export function isFloat(type: ColumnType): boolean {
  return type.kind === "f32" || type.kind === "f64";
}

/** True where a value is text or bytes of any length. */
export function isText(type: ColumnType): boolean {
  return type.kind === "text";
}

/** True where a value is UTF-8, in full or as a code of a dictionary. */
export function isUtf8(type: ColumnType): boolean {
  return /^(dictionary<)?(large_)?utf8(_view)?>?$/.test(type.name);
}

/** The offsets that Arrow wants for this text type. */
export function textForm(type: ColumnType): "small" | "large" | "view" {
  if (type.name.startsWith("large_")) return "large";
  return type.name.endsWith("_view") ? "view" : "small";
}
