// util.inspect within bounds: however large, wide or unruly a value is, its text is made quickly and is
// short. What inspect would go through whole, such as the keys of an object, is gone through here, up to
// a limit. Runs no getters but those of `Symbol.toStringTag` and `Symbol.for("nodejs.util.inspect.custom")`.
import { inspect, types } from "node:util";
import { className, lengthOf, preview, shorten, typeName } from "./preview.ts";

const LIMITS = { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 } as const;
/** A value with more parts than this within LIMITS is shown less deeply. */
const MAX_PARTS = 5000;
const MAX_CHARACTERS = 100_000;
/** Objects with more keys, and arrays of so many holes, are never given to inspect. */
const MAX_KEYS = 200;
const NARROW_ITEMS = 30;
const NARROW_CHARACTERS = 1000;

export function inspectBounded(value: unknown): string {
  const text = boundedText(value);
  if (text.length <= MAX_CHARACTERS) return text;
  const hidden = text.length - MAX_CHARACTERS;
  return `${text.slice(0, MAX_CHARACTERS)}\n… ${hidden} more characters`;
}

function boundedText(value: unknown): string {
  try {
    const wide: Wide = new Map();
    const count = countParts(value, LIMITS.depth, MAX_PARTS, wide);
    return count < MAX_PARTS ? inspect(value, LIMITS) : narrowText(value, wide);
  } catch (error) {
    const why = preview((error as Error | undefined)?.message);
    return `${typeName(value)} (can't be shown: ${why})`;
  }
}

/** Keys of objects that have many: V8 takes a second to list a million, so it is done once. */
type Wide = Map<object, readonly string[]>;

/** Parts that inspect would visit, counted up to `most`; what inspect can't cut short counts as `most`. */
function countParts(value: unknown, depth: number, most: number, wide: Wide): number {
  if (value === null || typeof value !== "object" || depth < 0) return 1;
  if (types.isProxy(value) || ArrayBuffer.isView(value)) return 1;
  let parts = 1;
  let keys = 0;
  for (const part of partsOf(value, wide)) {
    if (++keys > MAX_KEYS) return most;
    parts += countParts(part, depth - 1, most - parts, wide);
    if (parts >= most) return most;
  }
  return parts;
}

function* partsOf(value: object, wide: Wide): Generator<unknown> {
  if (Array.isArray(value)) {
    if (isSparse(value)) while (true) yield undefined;
    const end = Math.min(value.length, LIMITS.maxArrayLength);
    for (let i = 0; i < end; i++) yield Object.getOwnPropertyDescriptor(value, i)?.value;
  } else if (types.isMap(value)) {
    for (const pair of first(entriesOf(value), LIMITS.maxArrayLength)) yield* pair;
  } else if (types.isSet(value)) {
    yield* first(valuesOf(value), LIMITS.maxArrayLength);
  } else {
    const keys = Object.keys(value);
    if (keys.length > MAX_KEYS) wide.set(value, keys);
    for (const key of keys) yield Object.getOwnPropertyDescriptor(value, key)?.value;
  }
}

/** inspect reads all keys of an array that has a hole among those that it shows. */
function isSparse(value: readonly unknown[]): boolean {
  if (value.length <= MAX_KEYS) return false;
  for (let i = 0; i < LIMITS.maxArrayLength; i++) if (!Object.hasOwn(value, i)) return true;
  return false;
}

function* first<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}

// ---- values that are too wide ----

/** The first items, each in a few words, and how many there are. */
function narrowText(value: unknown, wide: Wide): string {
  if (value === null || typeof value !== "object" || types.isProxy(value)) {
    return shorten(
      inspect(value, { depth: 0, maxStringLength: NARROW_CHARACTERS }),
      MAX_CHARACTERS,
    );
  }
  const { items, more } = narrowItems(value, wide);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const name = lengthOf(value) === undefined ? className(value) : typeName(value);
  const shown = name === "Object" ? "" : `${name} `;
  const lines = more === "" ? items : [...items, more];
  return `${shown}${open}\n${lines.map((line) => `  ${line}`).join(",\n")}\n${close}`;
}

function narrowItems(value: object, wide: Wide): { items: string[]; more: string } {
  const keys = lengthOf(value) === undefined ? (wide.get(value) ?? Object.keys(value)) : [];
  const items = [...narrowTexts(value, keys)];
  const left = (lengthOf(value) ?? keys.length) - items.length;
  return { items, more: left > 0 ? `… ${left.toLocaleString("en-US")} more` : "" };
}

function* narrowTexts(value: object, keys: readonly string[]): Generator<string> {
  if (Array.isArray(value)) {
    const end = Math.min(value.length, NARROW_ITEMS);
    for (let i = 0; i < end; i++) {
      yield Object.hasOwn(value, i) ? itemText(ownOf(value, i)) : "<empty item>";
    }
  } else if (types.isMap(value)) {
    for (const [key, item] of first(entriesOf(value), NARROW_ITEMS)) {
      yield `${itemText(key)} => ${itemText(item)}`;
    }
  } else if (types.isSet(value)) {
    for (const item of first(valuesOf(value), NARROW_ITEMS)) yield itemText(item);
  } else {
    for (const key of keys.slice(0, NARROW_ITEMS)) {
      yield `${shorten(key, 100)}: ${itemText(ownOf(value, key))}`;
    }
  }
}

/** A subclass may have methods of its own. */
const entriesOf = (map: object): Iterable<[unknown, unknown]> =>
  Map.prototype.entries.call(map as Map<unknown, unknown>);
const valuesOf = (set: object): Iterable<unknown> => Set.prototype.values.call(set as Set<unknown>);

function ownOf(value: object, key: PropertyKey): unknown {
  const found = Object.getOwnPropertyDescriptor(value, key);
  return found && "value" in found ? found.value : GETTER;
}

const GETTER = Symbol("Getter");

function itemText(value: unknown): string {
  if (value === GETTER) return "[Getter]";
  return typeof value === "string" ? inspect(value, { maxStringLength: 120 }) : preview(value);
}
