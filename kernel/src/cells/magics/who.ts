// `%who`: the notebook's variables with type, bytes and value. Runs none of the user's code.
import { types } from "node:util";
import { formatBytes, type MimeBundle } from "../../base/index.ts";
import { preview, typeName } from "../preview.ts";
import { tableBundle } from "../table-text.ts";

/** The evaluator, as far as it matters here. */
export interface Variables {
  readonly names: Iterable<string>;
  valueOf(name: string): unknown;
}

interface Row {
  name: string;
  type: string;
  /** Of buffers and text in memory; of blocks in the pool. */
  bytes: number;
  gpuBytes: number;
  value: string;
}

/** Objects looked at for one variable's bytes. */
const MAX_PARTS = 20_000;
const MAX_ROWS = 500;
/** What an array takes for each of its items, besides the item. */
const SLOT_BYTES = 8;
/** As pool/types.ts has it: how an object says which blocks of the pool are its own. */
const BLOCKS = Symbol.for("cenote.blocks");

export function whoBundle(variables: Variables): MimeBundle {
  const names = [...variables.names].sort();
  const rows = names.slice(0, MAX_ROWS).map((name) => rowOf(name, variables.valueOf(name)));
  const more = names.length > MAX_ROWS ? `… and ${names.length - MAX_ROWS} more` : "";
  if (rows.length === 0) return { "text/plain": "The notebook has no variables yet." };
  return tableBundle({
    names: ["name", "type", "memory", "GPU", "value"],
    rows: rows.map(cellsOf),
    note: more,
  });
}

function rowOf(name: string, value: unknown): Row {
  try {
    return { name, type: typeName(value), ...sizeOf(value), value: preview(value) };
  } catch (error) {
    const text = `can't be looked at: ${String((error as Error)?.message)}`;
    return { name, type: typeof value, bytes: 0, gpuBytes: 0, value: text };
  }
}

/** Each buffer and block is counted once; getters and proxies are left alone. */
function sizeOf(value: unknown): { bytes: number; gpuBytes: number } {
  const buffers = new Map<ArrayBufferLike, number>();
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  let text = 0;
  let slots = 0;
  let gpuBytes = 0;
  while (waiting.length > 0 && seen.size < MAX_PARTS) {
    const part = waiting.pop();
    if (typeof part === "string") text += part.length;
    if (part === null || typeof part !== "object" || seen.has(part)) continue;
    if (types.isProxy(part)) continue;
    seen.add(part);
    if (ArrayBuffer.isView(part)) {
      const shared = (buffers.get(part.buffer) ?? 0) + part.byteLength;
      buffers.set(part.buffer, Math.min(shared, part.buffer.byteLength));
    } else if (types.isAnyArrayBuffer(part)) {
      buffers.set(part, part.byteLength);
    } else {
      if (Array.isArray(part)) slots += part.length * SLOT_BYTES;
      const blocks = blocksOf(part);
      if (blocks) waiting.push(...blocks);
      else if (isBlock(part)) gpuBytes += part.disposed ? 0 : part.bytes;
      else pushParts(part, waiting);
    }
  }
  const held = [...buffers.values()].reduce((sum, one) => sum + one, 0);
  return { bytes: text + slots + held, gpuBytes };
}

interface Block {
  bytes: number;
  disposed: boolean;
}

function blocksOf(value: object): Iterable<object> | undefined {
  const blocks = (value as { [BLOCKS]?: () => Iterable<object> })[BLOCKS];
  return typeof blocks === "function" ? blocks.call(value) : undefined;
}

function isBlock(value: object): value is Block {
  const own = (key: string) => typeof Object.getOwnPropertyDescriptor(value, key)?.value;
  return own("bytes") === "number" && own("generation") === "number";
}

function pushParts(value: object, waiting: unknown[]): void {
  if (Array.isArray(value)) {
    const end = Math.min(value.length, MAX_PARTS - waiting.length);
    for (let i = 0; i < end; i++) {
      waiting.push(Object.getOwnPropertyDescriptor(value, i)?.value);
    }
    return;
  }
  if (types.isMap(value)) {
    for (const pair of Map.prototype.entries.call(value)) {
      if (waiting.length > MAX_PARTS) return;
      waiting.push(...pair);
    }
  } else if (types.isSet(value)) {
    for (const item of Set.prototype.values.call(value)) {
      if (waiting.length > MAX_PARTS) return;
      waiting.push(item);
    }
  } else {
    for (const key in value) {
      if (waiting.length > MAX_PARTS) return;
      waiting.push(Object.getOwnPropertyDescriptor(value, key)?.value);
    }
  }
}

const sizeText = (bytes: number) => (bytes > 0 ? formatBytes(bytes) : "");

function cellsOf(row: Row): string[] {
  return [row.name, row.type, sizeText(row.bytes), sizeText(row.gpuBytes), row.value];
}
