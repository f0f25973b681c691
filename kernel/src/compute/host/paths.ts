// Columns of rows on the host by their paths into lists and structs, as columns of the pool have them.
import {
  type ColumnFacts,
  type HostChunk,
  nullable,
  pathTo,
  stepsOf,
  within,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import type { HostPart, HostRows } from "./side.ts";

/** What is known of the column of this path: it may be null where a struct that it lies in may. */
export function factsAt({ columns }: Pick<HostRows, "columns">, path: string): ColumnFacts {
  const [name, ...steps] = stepsOf(path);
  let facts = columns.get(name!)!;
  for (const step of steps) {
    const found = facts.children!.find((child) => child.name === step)!;
    facts = facts.type.kind === "struct" && facts.nulls ? { ...found, nulls: true } : found;
  }
  return facts;
}

/** What is known of an output: of a column, or the items of a list, also its Arrow field and its dictionary. */
export function factsOf(all: HostRows, name: string, at: Typed, nulls: boolean): ColumnFacts {
  if (at.op === "column") return { ...factsAt(all, at.column!), name };
  if (at.op === "element") return { ...nullable(factsAt(all, at.column!)), name };
  return { name, type: at.type, nulls };
}

const known = new WeakMap<HostPart, Map<string, HostChunk>>();

/** Its chunk in a part of the rows; null where a struct that it lies in is. */
export function chunkAt(all: HostRows, part: HostPart, path: string): HostChunk {
  const steps = stepsOf(path);
  if (steps.length === 1) return part.columns.get(path)!;
  const chunks = known.get(part) ?? new Map<string, HostChunk>();
  known.set(part, chunks);
  const found = chunks.get(path) ?? chunkIn(all, part, steps);
  chunks.set(path, found);
  return found;
}

function chunkIn(all: HostRows, part: HostPart, steps: readonly string[]): HostChunk {
  const parent = steps.slice(0, -1).reduce(pathTo);
  const { type, nulls, children } = factsAt(all, parent);
  const outer = chunkAt(all, part, parent);
  const place = children!.findIndex(({ name }) => name === steps.at(-1));
  const inner = outer.children![place]!;
  return type.kind === "struct" && nulls ? within(outer, children![place]!, inner) : inner;
}
