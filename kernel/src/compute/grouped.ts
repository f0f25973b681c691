// The result of an aggregate as columns: groups of several chunks merged, sorted by their keys.
import { comparator, type HostChunk, type HostColumn, locator, take } from "../columns/index.ts";
import type { Groups, KeyColumn } from "./run/tables.ts";
import type { HostValues } from "./run/values.ts";
import { merge, offsetsOf, type Part } from "./wgsl/parts.ts";

/** Groups of all chunks: word w of group g is words[w × groups + g]; `pick` is the order of the result. */
export interface Merged {
  readonly words: Uint32Array;
  readonly groups: number;
  readonly pick: Uint32Array;
}

export interface Grouped {
  readonly columns: readonly HostValues[];
  readonly rows: number;
}

/** Keys and figures in the order of the keys (ascending, nulls last), the first key first. */
export async function groupedColumns(
  groups: Groups,
  parts: readonly Part[],
  figures: (of: Merged) => Promise<readonly HostValues[]>,
): Promise<Grouped> {
  if (groups.chunks.length === 0 && groups.keys.length === 0) {
    // Without keys there is one group, also of no rows: its words are the zeros that they begin as.
    const words = new Uint32Array(offsetsOf(parts).at(-1)!);
    return groupedColumns({ chunks: [{ groups: 1, words, keys: [] }], keys: [] }, parts, figures);
  }
  const [only] = groups.chunks;
  if (groups.ordered && only) {
    const columns = groups.keys.map((column, k): HostValues => {
      return { column, chunk: hostColumn(column, groups, k).chunks[0]! };
    });
    const pick = Uint32Array.from({ length: only.groups }, (_, i) => i);
    const found = await figures({ words: only.words, groups: only.groups, pick });
    return { columns: [...columns, ...found], rows: only.groups };
  }
  const sizes = groups.chunks.map((chunk) => chunk.groups);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const locate = locator(sizes);
  const keys = groups.keys.map((column, k) => hostColumn(column, groups, k));
  const compare = keys.map((key) => comparator(key));
  const order = Uint32Array.from({ length: total }, (_, i) => i);
  const byKeys = (a: number, b: number) => {
    for (const one of compare) {
      const found = one(a, b);
      if (found !== 0) return found;
    }
    return 0;
  };
  if (compare.length === 1) order.sort(compare[0]);
  else if (compare.length > 1) order.sort(byKeys);
  const words = allWords(groups, offsetsOf(parts).at(-1)!, total);
  const first = fold(order, byKeys, sizes.length > 1, (to, from) =>
    merge(parts, words, total, to, from),
  );
  const columns: HostValues[] = keys.map((key, k) => ({
    column: groups.keys[k]!,
    chunk: plainFloats(key, take(key, first, locate)),
  }));
  columns.push(...(await figures({ words, groups: total, pick: first })));
  return { columns, rows: first.length };
}

function hostColumn(column: KeyColumn, groups: Groups, k: number): HostColumn {
  const chunks = groups.chunks.map(({ keys, groups: rows }, i) => ({
    bytes: keys[k]!,
    layout: column.chunks[i]!.layout,
    rows,
  }));
  return {
    type: column.type,
    nulls: column.nulls,
    chunks,
    ...(column.dictionary ? { dictionary: column.dictionary } : {}),
  };
}

// Words of all chunks, with all groups side by side.
function allWords({ chunks }: Groups, width: number, total: number): Uint32Array {
  if (chunks.length === 1) return chunks[0]!.words;
  const words = new Uint32Array(width * total);
  let start = 0;
  for (const { groups, words: from } of chunks) {
    for (let w = 0; w < width; w++)
      words.set(from.subarray(w * groups, (w + 1) * groups), w * total + start);
    start += groups;
  }
  return words;
}

// The first group of each run of equal keys, after the others were merged into it.
function fold(
  order: Uint32Array,
  compare: (a: number, b: number) => number,
  several: boolean,
  into: (to: number, from: number) => void,
): Uint32Array {
  if (!several) return order;
  const first: number[] = [];
  for (const group of order) {
    const last = first.at(-1);
    if (last !== undefined && compare(last, group) === 0) into(last, group);
    else first.push(group);
  }
  return Uint32Array.from(first);
}

// A group of zeros may hold −0 and one of NaN any NaN: the key shown must not depend on which row came first.
export function plainFloats({ type }: Pick<HostColumn, "type">, chunk: HostChunk): HostChunk {
  if (type.kind !== "f32" && type.kind !== "f64") return chunk;
  const { buffer, byteOffset } = chunk.bytes;
  const View = type.kind === "f64" ? Float64Array : type.bits === 16 ? Float16Array : Float32Array;
  const values = new View(buffer as ArrayBuffer, byteOffset, chunk.rows);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) values[i] = 0;
    else if (Number.isNaN(values[i]!)) values[i] = Number.NaN;
  }
  return chunk;
}
