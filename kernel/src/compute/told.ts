// Anything in a few words, for messages about what was given in the wrong place.
import { types } from "node:util";
import { A_PROMISE, shown } from "../base/index.ts";

const MOST_SHOWN = 60;

/** A value as people would write it; of what cannot be written its kind. Never throws. */
export function told(value: unknown): string {
  try {
    return toldAsIs(value);
  } catch {
    return "an object whose properties throw";
  }
}

function toldAsIs(value: unknown): string {
  if (Array.isArray(value)) return list(value);
  if (typeof value === "function") return `the function ${value.name || "without a name"}`;
  if (typeof value !== "object" || value === null || types.isProxy(value)) return shown(value);
  if (types.isPromise(value)) return A_PROMISE;
  if (value instanceof Date) return `the date ${String(value)}`;
  // A tensor tells of itself, with its shape and cell.
  const { described } = value as { described?: unknown };
  if (typeof described === "string") return described;
  const name = nameOf(value);
  if (ArrayBuffer.isView(value)) return `a ${name}`;
  return name === "Object" || name === "" ? shown(value) : name;
}

/** Items that tell of themselves do so, others are shown as they are. */
function list(items: readonly unknown[]): string {
  const few = items
    .slice(0, MOST_SHOWN)
    .map((item) => (Array.isArray(item) ? shown(item) : told(item)));
  const text = `[${few.join(", ")}]`;
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1).toWellFormed()}…` : text;
}

function nameOf(value: object): string {
  const of = Object.getPrototypeOf(value)?.constructor as unknown;
  return typeof of === "function" ? of.name : "";
}
