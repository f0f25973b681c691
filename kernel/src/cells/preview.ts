// A value in a few words, as a table shows it in one cell. Runs none of the user's code.
import { inspect, types } from "node:util";

const MAX_CHARACTERS = 120;
const MAX_KEYS = 12;
const LIMITS = {
  depth: 0,
  maxArrayLength: 6,
  maxStringLength: MAX_CHARACTERS,
  breakLength: Number.POSITIVE_INFINITY,
  customInspect: false,
} as const;

/** What a value is called: number, Date, Float64Array(100), MyClass … */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function") {
    return /^class\b/.test(Function.prototype.toString.call(value).slice(0, 6))
      ? "class"
      : "function";
  }
  if (typeof value !== "object") return typeof value;
  if (types.isProxy(value)) return "Proxy";
  const name = className(value);
  const length = lengthOf(value);
  return length === undefined ? name : `${name}(${length.toLocaleString("en-US")})`;
}

/** By data properties only: the constructor that the prototype names. */
export function className(value: object): string {
  let at: object | null = Object.getPrototypeOf(value);
  for (let depth = 0; at !== null && !types.isProxy(at) && depth < 50; depth++) {
    const made = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    const name = typeof made === "function" && Object.getOwnPropertyDescriptor(made, "name")?.value;
    if (typeof name === "string" && name !== "") return shorten(name, 60);
    at = Object.getPrototypeOf(at);
  }
  return "Object";
}

/** Items of an array, a typed array, a map or a set. */
export function lengthOf(value: object): number | undefined {
  if (Array.isArray(value)) return value.length;
  if (types.isTypedArray(value)) return value.length;
  if (types.isMap(value)) return SIZE_OF_MAP.call(value);
  if (types.isSet(value)) return SIZE_OF_SET.call(value);
  return undefined;
}

const SIZE_OF_MAP = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get as () => number;
const SIZE_OF_SET = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get as () => number;

/** At most about a hundred characters, on one line. */
export function preview(value: unknown): string {
  if (typeof value === "string") return shorten(value, MAX_CHARACTERS);
  if (typeof value === "function") return shorten(typeName(value), MAX_CHARACTERS);
  if (types.isNativeError(value)) return shorten(errorText(value), MAX_CHARACTERS);
  const wide = value !== null && typeof value === "object" && isWide(value);
  const text = wide ? `${typeName(value)} {…}` : quietly(value);
  return shorten(text.replaceAll(/\s+/g, " "), MAX_CHARACTERS);
}

/** Less the stack, which is long, and may be of the user's making. */
function errorText(error: Error): string {
  const message = Object.getOwnPropertyDescriptor(error, "message")?.value;
  const name = className(error);
  return typeof message === "string" && message !== "" ? `${name}: ${message}` : name;
}

/** inspect reads `Symbol.toStringTag`, which may be the user's getter. */
function quietly(value: unknown): string {
  try {
    return inspect(value, LIMITS);
  } catch {
    return typeName(value);
  }
}

function isWide(value: object): boolean {
  if (types.isProxy(value)) return false;
  if (Array.isArray(value)) return value.length > LIMITS.maxArrayLength && !(0 in value);
  if (lengthOf(value) !== undefined) return false;
  let keys = 0;
  for (const _ in value) if (++keys > MAX_KEYS) return true;
  return false;
}

export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
