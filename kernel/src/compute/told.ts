// Anything in a few words, for messages about what was given in the wrong place.
import { types } from "node:util";
import { A_PROMISE } from "../base/index.ts";

/** A value as people would write it; of what cannot be written its kind. Never throws. */
export function told(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `the function ${value.name || "without a name"}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (types.isPromise(value)) return A_PROMISE;
  if (value instanceof Date) return `the date ${String(value)}`;
  return Array.isArray(value) ? "an array" : (value.constructor?.name ?? "an object");
}
