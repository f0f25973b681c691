// util.inspect within bounds: however large or wide a value is, its text is made quickly and is short.
import { inspect, types } from "node:util";

const LIMITS = { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 } as const;
/** A value with more parts than this within LIMITS is shown less deeply. */
const MAX_PARTS = 5000;
const MAX_CHARACTERS = 100_000;

export function inspectBounded(value: unknown): string {
  const narrow = countParts(value, LIMITS.depth, MAX_PARTS) >= MAX_PARTS;
  const limits = narrow ? { depth: 1, maxArrayLength: 30, maxStringLength: 1000 } : LIMITS;
  const text = inspect(value, limits);
  if (text.length <= MAX_CHARACTERS) return text;
  const hidden = text.length - MAX_CHARACTERS;
  return `${text.slice(0, MAX_CHARACTERS)}\n… ${hidden} more characters`;
}

/** Parts that inspect would visit, counted up to `most`. Runs no getters or proxies. */
function countParts(value: unknown, depth: number, most: number): number {
  if (value === null || typeof value !== "object" || depth < 0) return 1;
  if (types.isProxy(value) || ArrayBuffer.isView(value)) return 1;
  let parts = 1;
  for (const part of partsOf(value)) {
    parts += countParts(part, depth - 1, most - parts);
    if (parts >= most) break;
  }
  return parts;
}

function* partsOf(value: object): Generator<unknown> {
  if (Array.isArray(value)) {
    yield* value.slice(0, LIMITS.maxArrayLength);
  } else if (value instanceof Map || value instanceof Set) {
    let left: number = LIMITS.maxArrayLength;
    for (const item of value.values()) {
      if (left-- === 0) return;
      yield item;
    }
  } else {
    for (const key in value) yield Object.getOwnPropertyDescriptor(value, key)?.value;
  }
}
