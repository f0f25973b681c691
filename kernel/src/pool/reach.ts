// Finds the blocks that a value owns, for scopes and `keep`: through BLOCKS where an object has it,
// else through arrays, maps, sets and the fields of objects.
import { Handle } from "./handle.ts";
import { BLOCKS, type OwnsBlocks } from "./types.ts";

/** Every handle reachable from `value`, each once. Getters are not run. */
export function* reachableBlocks(value: unknown): Generator<Handle> {
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (item instanceof Handle) yield item;
    else if (typeof (item as Partial<OwnsBlocks>)[BLOCKS] === "function") {
      for (const block of (item as OwnsBlocks)[BLOCKS]()) waiting.push(block);
    } else if (!ArrayBuffer.isView(item)) pushParts(item, waiting);
  }
}

function pushParts(item: object, waiting: unknown[]): void {
  if (Array.isArray(item) || item instanceof Set) {
    for (const part of item) waiting.push(part);
  } else if (item instanceof Map) {
    for (const [key, part] of item) waiting.push(key, part);
  } else {
    for (const field of Object.values(Object.getOwnPropertyDescriptors(item))) {
      if (field.value !== undefined) waiting.push(field.value);
    }
  }
}
