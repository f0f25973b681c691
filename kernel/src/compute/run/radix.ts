// Sorts runs of packed keys on the device (wgsl/radix.ts), and merges sorted runs on the host.
import type { ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { BINS, countKernel, fetchKernel, scatterKernel } from "../wgsl/radix.ts";
import { scan } from "./scan.ts";
import { launch, type Scratch } from "./scratch.ts";

const MOST_INVOCATIONS = 1 << 20;

/** Row numbers of a run in the order of its keys, equal keys in the order of their rows. Frees nothing. */
export async function sortRun(
  store: ColumnStore,
  keys: Block,
  rows: number,
  bits: number,
  scratch: Scratch,
): Promise<Block> {
  let [from, to] = [await pair(rows, scratch), await pair(rows, scratch)];
  await fetch(store, keys, 0, true, rows, from);
  const shares = shareOf(store.gpu.adapter.software, rows);
  const counts = await scratch.block((BINS * shares.ranges + 1) * 4, "sort counts");
  for (let word = 0; word * 32 < bits; word++) {
    if (word > 0) await fetch(store, keys, word * rows, false, rows, from);
    const width = Math.min(32, bits - word * 32);
    const passes = Math.ceil(width / 8);
    const digit = Math.ceil(width / passes);
    for (let shift = 0; shift < width; shift += digit) {
      const mask = 2 ** Math.min(digit, width - shift) - 1;
      const call = { chunk: 0, own: [rows, shares.each, shares.ranges, shift] };
      await launch(
        store,
        { ...countKernel(), literals: [mask, 0, 0, 0] },
        { ...call, extras: [{ block: from.keys }, { block: counts }], invocations: shares.ranges },
      );
      await scan(store, counts, (mask + 1) * shares.ranges, scratch);
      const blocks = [from.keys, from.rows, counts, to.keys, to.rows];
      await launch(
        store,
        { ...scatterKernel(), literals: [mask, 0, 0, 0] },
        { ...call, extras: blocks.map((block) => ({ block })), invocations: shares.ranges },
      );
      [from, to] = [to, from];
    }
  }
  scratch.free(from.keys, to.keys, to.rows, counts);
  return from.rows;
}

interface Pair {
  readonly keys: Block;
  readonly rows: Block;
}

async function pair(rows: number, scratch: Scratch): Promise<Pair> {
  return {
    keys: await scratch.block(rows * 4, "sort keys"),
    rows: await scratch.block(rows * 4, "sort rows"),
  };
}

function shareOf(software: boolean, rows: number): { each: number; ranges: number } {
  const each = Math.max(32, Math.ceil(rows / (software ? 256 : 8192)));
  return { each, ranges: Math.ceil(rows / each) };
}

function fetch(
  store: ColumnStore,
  words: Block,
  base: number,
  begin: boolean,
  rows: number,
  into: Pair,
): Promise<void> {
  return launch(store, fetchKernel(), {
    chunk: 0,
    own: [rows, base, Number(begin)],
    extras: [{ block: words }, { block: into.rows }, { block: into.keys }],
    invocations: Math.min(rows, MOST_INVOCATIONS),
  });
}

/** Rows in order on the host, with their packed keys: word j of row i is words[j][i]. */
export interface Sorted {
  readonly rows: Uint32Array;
  readonly words: readonly Uint32Array[];
}

/** Brings a sorted run to the host; its rows count from `base`. */
export async function readRun(
  store: ColumnStore,
  keys: Block,
  order: Block,
  run: { readonly rows: number; readonly base: number },
  words: number,
  scratch: Scratch,
): Promise<Sorted> {
  const { rows, base } = run;
  const planes: Block[] = [];
  for (let word = 0; word < words; word++) {
    const block = await scratch.block(rows * 4, "sorted keys");
    await fetch(store, keys, word * rows, false, rows, { rows: order, keys: block });
    planes.push(block);
  }
  const read = await store.gpu.read(
    [order, ...planes].map((block) => ({ block, bytes: rows * 4 })),
  );
  scratch.free(...planes);
  const [numbers, ...found] = read.map(
    (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, rows),
  );
  if (base > 0) for (let i = 0; i < rows; i++) numbers![i]! += base;
  return { rows: numbers!, words: found };
}

/** Merges sorted runs, pair by pair; of equal keys those of the earlier run come first. */
export function mergeRuns(runs: readonly Sorted[], words: number): Sorted {
  if (runs.length === 0)
    return {
      rows: new Uint32Array(),
      words: Array.from({ length: words }, () => new Uint32Array()),
    };
  let left = [...runs];
  while (left.length > 1) {
    const next: Sorted[] = [];
    for (let i = 0; i < left.length; i += 2)
      next.push(i + 1 < left.length ? mergeTwo(left[i]!, left[i + 1]!) : left[i]!);
    left = next;
  }
  return left[0]!;
}

function mergeTwo(a: Sorted, b: Sorted): Sorted {
  const [n, m] = [a.rows.length, b.rows.length];
  const rows = new Uint32Array(n + m);
  const words = a.words.map(() => new Uint32Array(n + m));
  const top = words.length - 1;
  // Whether row j of b is before row i of a.
  const before = (i: number, j: number): boolean => {
    for (let w = top; w >= 0; w--) {
      const [x, y] = [a.words[w]![i]!, b.words[w]![j]!];
      if (x !== y) return y < x;
    }
    return false;
  };
  let [i, j] = [0, 0];
  for (let k = 0; k < n + m; k++) {
    const second = i === n || (j < m && before(i, j));
    const from = second ? b : a;
    const at = second ? j++ : i++;
    rows[k] = from.rows[at]!;
    for (let w = 0; w <= top; w++) words[w]![k] = from.words[w]![at]!;
  }
  return { rows, words };
}
