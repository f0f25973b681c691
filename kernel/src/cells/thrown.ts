// Where values that are no errors were thrown: they have no stack of their own. Generated code passes them
// through here (cell-editor.ts).
import { types } from "node:util";
import { uncurry } from "./intrinsics.ts";

/** By object; of other values only the last one is known, until a cell's last turn is over: a stack keeps objects alive. */
const places = new WeakMap<object, Error>();
let last: { value: unknown; place: Error } | undefined;
/** Longer text isn't kept. */
const MAX_CHARACTERS = 1000;

const get = uncurry(WeakMap.prototype.get) as (
  map: typeof places,
  key: object,
) => Error | undefined;
const set = uncurry(WeakMap.prototype.set) as (map: typeof places, key: object, to: Error) => void;

const isObject = (value: unknown): value is object =>
  value !== null && (typeof value === "object" || typeof value === "function");

/** Notes the place, and gives the value back. */
export function thrown<T>(value: T): T {
  if (types.isNativeError(value)) return value;
  if (isObject(value)) {
    if (!get(places, value)) set(places, value, new Error());
  } else if (typeof value !== "string" || value.length <= MAX_CHARACTERS) {
    last = { value, place: new Error() };
  }
  return value;
}

export function forgetThrown(): void {
  last = undefined;
}

/** An error from where it was thrown, to be asked once. */
export function whereThrown(value: unknown): Error | undefined {
  if (isObject(value)) return get(places, value);
  const place = last && Object.is(last.value, value) ? last.place : undefined;
  forgetThrown();
  return place;
}
