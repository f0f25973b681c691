// Pairs of rows of two tables with equal keys (wgsl/join.ts).
import { CenoteError } from "../../base/index.ts";
import type { ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import {
  type JoinKind,
  KIND_BITS,
  KINDS,
  pairsKernel,
  probeKernel,
  totalKernel,
} from "../wgsl/join.ts";
import { type Keyed, type Packing, packRun, type Run, runsOf } from "./keys.ts";
import { type Rows, sortedRows } from "./order.ts";
import type { Sorted } from "./radix.ts";
import { scan } from "./scan.ts";
import { launch, type Scratch } from "./scratch.ts";

const MOST_INVOCATIONS = 1 << 20;

/** Row numbers of both tables, side by side; NO_ROW on the right where there is none. */
export interface Pairs {
  readonly left: Rows;
  readonly right: Rows;
}

/** Keys of the right table in order, on the device: as many as fit a binding. Equal keys are in one part. */
interface RightPart {
  /** Place of the first of them among all. */
  readonly from: number;
  readonly rows: number;
  readonly words: Block;
  readonly order: Block;
}

/** A run of left rows, what each has found, and the rows that come of it. */
interface Probed {
  readonly run: Run;
  readonly firsts: Block;
  readonly counts: Block;
  readonly total: number;
}

/**
 * The pairs of each run of left rows, in the order of the left rows, then of the right ones. All are counted
 * before `check` is told how many there are, and none are written before it returns. Throws TOO_MANY_ROWS.
 */
export async function joinPairs(
  [left, right]: readonly [Keyed, Keyed],
  packing: Packing,
  kind: JoinKind,
  check: (rows: number) => void,
  scratch: Scratch,
): Promise<Pairs[]> {
  const { words } = packing;
  const sorted = await sortedRight(right, packing, scratch);
  const most = Math.floor(left.store.gpu.maxBinding / 4);
  const probed: Probed[] = [];
  let counted = 0;
  const runs = runsOf(left.store, words).reverse();
  for (let run = runs.pop(); run; run = runs.pop()) {
    const found = await probe(left, packing, run, sorted, kind, scratch);
    counted += found.total;
    if (found.total <= most) probed.push(found);
    else {
      check(counted);
      counted -= found.total;
      scratch.free(found.firsts, found.counts);
      runs.push(...halves(run, found.total, most));
    }
  }
  check(counted);
  const pairs: Pairs[] = [];
  for (const found of probed) pairs.push(await pairsOf(left.store, found, sorted, scratch));
  scratch.free(...sorted.flatMap((part) => [part.order, part.words]));
  return pairs;
}

// Later half first, as runs are taken from the end.
function halves(run: Run, total: number, most: number): Run[] {
  if (run.rows === 1) throw tooMany(`a left row matches ${total} rows; wanted at most ${most}`);
  const first = Math.ceil(run.rows / 2);
  const second = { from: run.from + first, rows: run.rows - first, base: run.base + first };
  return [
    { ...run, ...second },
    { ...run, rows: first },
  ];
}

const tooMany = (what: string) =>
  new CenoteError("TOO_MANY_ROWS", `join: ${what}, which one binding holds`, {
    mend: "Put the larger table on the left, or join by more keys, or filter first.",
  });

async function sortedRight(table: Keyed, packing: Packing, scratch: Scratch): Promise<RightPart[]> {
  const { gpu } = table.store;
  const sorted = await sortedRows(table, packing, scratch);
  const most = Math.floor(gpu.maxBinding / (4 * packing.words));
  const parts: RightPart[] = [];
  let from = 0;
  // There is a part also of no rows: each left row is probed at least once.
  do {
    const to = partEnd(sorted, from, most);
    const count = to - from;
    const words = await scratch.block(count * packing.words * 4, "join keys");
    const order = await scratch.block(count * 4, "join rows");
    const planes = sorted.words.map((plane, j) => {
      return { block: words, offset: j * count * 4, data: plane.subarray(from, to) };
    });
    const rows = { block: order, data: sorted.rows.subarray(from, to) };
    if (count > 0) await gpu.upload([...planes, rows]);
    parts.push({ from, rows: count, words, order });
    from = to;
  } while (from < sorted.rows.length);
  return parts;
}

// Where the part that begins at `from` ends: between keys that differ.
function partEnd({ rows, words }: Sorted, from: number, most: number): number {
  if (rows.length - from <= most) return rows.length;
  let to = from + most;
  while (to > from && words.every((word) => word[to] === word[to - 1])) to--;
  if (to > from) return to;
  throw tooMany(`the right table has more than ${most} rows of one key; wanted at most ${most}`);
}

async function probe(
  left: Keyed,
  packing: Packing,
  run: Run,
  right: readonly RightPart[],
  kind: JoinKind,
  scratch: Scratch,
): Promise<Probed> {
  const { store } = left;
  const { rows } = run;
  const keys = await packRun(left, packing, run, scratch);
  const firsts = await scratch.block(rows * 4, "join matches");
  const counts = await scratch.block((rows + 1) * 4, "join counts");
  for (const part of right)
    await launch(store, probeKernel(), {
      chunk: 0,
      own: [rows, part.rows, (packing.words << KIND_BITS) | KINDS[kind], part.from],
      extras: [keys, part.words, firsts, counts].map((block) => ({ block })),
      invocations: Math.min(rows, MOST_INVOCATIONS),
    });
  scratch.free(keys);
  return { run, firsts, counts, total: await totalOf(store, counts, rows, scratch) };
}

/** Sum of counts, which may be beyond 2^32. */
async function totalOf(
  store: ColumnStore,
  counts: Block,
  rows: number,
  scratch: Scratch,
): Promise<number> {
  const each = Math.max(1, Math.ceil(rows / 256));
  const ranges = Math.ceil(rows / each);
  const sums = await scratch.block(ranges * 8, "join totals");
  await launch(store, totalKernel(), {
    chunk: 0,
    own: [rows, each],
    extras: [{ block: counts }, { block: sums }],
    invocations: ranges,
  });
  const [bytes] = await store.gpu.read([{ block: sums, bytes: ranges * 8 }]);
  scratch.free(sums);
  const words = new Uint32Array(bytes!.buffer, bytes!.byteOffset, ranges * 2);
  return words.reduce((sum, word, i) => sum + (i % 2 ? word * 2 ** 32 : word), 0);
}

async function pairsOf(
  store: ColumnStore,
  { run, firsts, counts, total }: Probed,
  right: readonly RightPart[],
  scratch: Scratch,
): Promise<Pairs> {
  await scan(store, counts, run.rows, scratch);
  const rows = [
    await scratch.block(total * 4, "join left rows"),
    await scratch.block(total * 4, "join right rows"),
  ] as const;
  for (const part of right)
    await launch(store, pairsKernel(), {
      chunk: 0,
      own: [run.rows, run.base, part.from, part.rows],
      extras: [firsts, counts, part.order, ...rows].map((block) => ({ block })),
      invocations: Math.min(run.rows, MOST_INVOCATIONS),
    });
  scratch.free(firsts, counts);
  return { left: { count: total, block: rows[0] }, right: { count: total, block: rows[1] } };
}
