// Groups on the host: the same words for each group that kernels keep (wgsl/parts.ts), so that figures, their
// overflow and their order are one.
import type { ColumnFacts, HostChunk } from "../../columns/index.ts";
import type { Groups } from "../run/tables.ts";
import type { Typed } from "../typed.ts";
import { offsetsOf, type Part } from "../wgsl/parts.ts";
import { accumulate, evaluated } from "./accumulate.ts";
import { factsOf } from "./paths.ts";
import { filterRows, firstRows, project } from "./rows.ts";
import type { HostPart, HostRows } from "./side.ts";

export interface HostGroupQuery {
  readonly where?: Typed;
  readonly keys: readonly { readonly name: string; readonly at: Typed }[];
  readonly parts: readonly Part[];
}

/** The groups of each chunk, not merged. */
export function groupRows(all: HostRows, query: HostGroupQuery): Groups {
  let base = 0;
  const made = all.chunks
    .map((part) => {
      const found = { part, ...groupsOf(all, part, query, base) };
      base += part.rows;
      return found;
    })
    .filter(({ reps }) => reps.length > 0);
  const keys = query.keys.map(({ name, at }): { facts: ColumnFacts; chunks: HostChunk[] } => {
    const chunks = made.map(({ part, reps }) => project(all, part, at, reps));
    const nulls = chunks.some(({ layout }) => layout.validity >= 0);
    return { facts: factsOf(all, name, at, nulls), chunks };
  });
  return {
    chunks: made.map(({ reps, words }, i) => ({
      groups: reps.length,
      words,
      keys: keys.map(({ chunks }) => chunks[i]!.bytes),
    })),
    keys: keys.map(({ facts, chunks }) => ({ ...facts, chunks })),
  };
}

function groupsOf(all: HostRows, part: HostPart, query: HostGroupQuery, base: number) {
  const index = query.where
    ? filterRows(all, part, query.where, Number.POSITIVE_INFINITY)
    : firstRows(part.rows, part.rows);
  const { ids, reps } = idsOf(
    all,
    part,
    index,
    query.keys.map(({ at }) => at),
  );
  const offsets = offsetsOf(query.parts);
  const words = new Uint32Array(offsets.at(-1)! * reps.length);
  query.parts.forEach((one, i) => {
    const rows = { all, part, index, ids, groups: reps.length, base };
    const set = (word: number, group: number, value: number) => {
      words[(offsets[i]! + word) * reps.length + group] = value;
    };
    accumulate(one, rows, set);
  });
  return { reps, words };
}

/** The number of each row's group, and a row of each group. */
function idsOf(all: HostRows, part: HostPart, index: Uint32Array, keys: readonly Typed[]) {
  let ids = new Uint32Array(index.length);
  if (keys.length === 0) return { ids, reps: index.subarray(0, Math.min(1, index.length)) };
  for (const key of keys) {
    const values = evaluated(all, part, index, key);
    const next = new Map<number, Map<unknown, number>>();
    let count = 0;
    // A key splits the groups that the keys before it made. Maps take −0 for 0, and NaN for itself.
    ids = ids.map((id, i) => {
      const inner = next.get(id) ?? new Map<unknown, number>();
      next.set(id, inner);
      const found = inner.get(values[i]) ?? count++;
      inner.set(values[i], found);
      return found;
    });
  }
  const reps: number[] = [];
  ids.forEach((id, i) => {
    reps[id] ??= index[i]!;
  });
  return { ids, reps: Uint32Array.from(reps) };
}
