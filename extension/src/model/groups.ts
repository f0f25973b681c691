// Blocks summed up for the tables: by line of code, cell, tag, or not at all.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockTable } from "./blocks.ts";

export type Grouping = "line" | "cell" | "tag" | "block";

/** Blocks that have something in common; what they differ in is undefined. Sums may be below 0 in differences. */
export interface Group {
  /** Names the group among others of the same grouping. */
  key: string;
  tag: number | undefined;
  cell: number | undefined;
  line: number | undefined;
  /** The block, where each is a group. */
  block: number | undefined;
  blocks: number;
  /** Bytes taken in slabs or elsewhere. */
  bytes: number;
  /** Bytes asked for. */
  requested: number;
}

/** Calls `add` with each block that is to be summed up: its table, its row, and 1, or −1 to take it off. */
export type Source = (add: (table: BlockTable, id: number, sign: 1 | -1) => void) => void;

/** A block that holds memory: live, pinned or spilled, but not one kept for reuse. */
export function isHeld(state: number): boolean {
  return state !== BLOCK_STATE.none && state !== BLOCK_STATE.cached;
}

/** Every block of a table that holds memory and meets the condition. */
export function blocksOf(table: BlockTable, where?: (id: number) => boolean): Source {
  return (add) => {
    for (let id = 0; id < table.rows; id++) {
      if (isHeld(table.state[id]!) && (!where || where(id))) add(table, id, 1);
    }
  };
}

/** What came and what went between two tables: the same block in both counts for nothing. */
export function difference(earlier: BlockTable, later: BlockTable): Source {
  return (add) => {
    for (let id = 0; id < Math.max(earlier.rows, later.rows); id++) {
      if (earlier.isSame(later, id)) continue;
      if (id < later.rows && isHeld(later.state[id]!)) add(later, id, 1);
      if (id < earlier.rows && isHeld(earlier.state[id]!)) add(earlier, id, -1);
    }
  };
}

/** The groups of a source, in no particular order. */
export function group(source: Source, by: Grouping): Group[] {
  if (by === "block") return single(source);
  // Two numbers name a group: texts as keys would take most of the time.
  const groups = new Map<number, Map<number, Group>>();
  const all: Group[] = [];
  source((table, id, sign) => {
    const tag = table.tag[id]!;
    const cell = table.cell[id]!;
    const line = table.line[id]!;
    const [first, second] = keys(by, table, id);
    let inner = groups.get(first);
    if (!inner) groups.set(first, (inner = new Map()));
    let found = inner.get(second);
    if (!found) {
      const key = `${first} ${second}`;
      found = { key, tag, cell, line, block: undefined, blocks: 0, bytes: 0, requested: 0 };
      inner.set(second, found);
      all.push(found);
    }
    if (found.tag !== tag) found.tag = undefined;
    if (found.cell !== cell) found.cell = undefined;
    if (found.line !== line || found.cell === undefined) found.line = undefined;
    found.blocks += sign;
    found.bytes += sign * table.size[id]! * GRANULE;
    found.requested += sign * table.requested[id]!;
  });
  return all;
}

/** Each block is a group: a source names none twice. */
function single(source: Source): Group[] {
  const all: Group[] = [];
  source(({ tag, cell, line, size, requested, generation }, id, sign) => {
    all.push({
      key: `${id} ${generation[id]}`,
      ...{ tag: tag[id], cell: cell[id], line: line[id], block: id, blocks: sign },
      bytes: sign * size[id]! * GRANULE,
      requested: sign * requested[id]!,
    });
  });
  return all;
}

const LINES = 2 ** 20;

function keys(
  by: Exclude<Grouping, "block">,
  table: BlockTable,
  id: number,
): readonly [number, number] {
  if (by === "tag") return [table.tag[id]!, 0];
  if (by === "cell") return [table.cell[id]!, 0];
  return [table.cell[id]! * LINES + table.line[id]!, table.tag[id]!];
}

/** Whether a block belongs to a group. */
export function belongs(of: Group, by: Grouping, table: BlockTable, id: number): boolean {
  if (by === "block") return id === of.block;
  if (by === "tag") return table.tag[id] === of.tag;
  if (by === "cell") return table.cell[id] === of.cell;
  return table.tag[id] === of.tag && table.cell[id] === of.cell && table.line[id] === of.line;
}
