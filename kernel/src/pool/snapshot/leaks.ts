// Blocks that have outlived what allocated them.
import { BLOCK_STATE, type Books, CONTROL, GRANULE } from "../../base/index.ts";
import { HolderGroups } from "../holder-groups.ts";
import { tagText } from "../tags.ts";
import type { Holder } from "../types.ts";
import type { Mark } from "./marks.ts";

/**
 * Live blocks that were allocated after a mark, or by a cell (its number), or, with neither, by any cell
 * but `running`; grouped by tag, cell and line, largest group first.
 */
export function leaks(books: Books, since: Mark | number | undefined, running: number): Holder[] {
  const { state, tag, cell, line, size } = books.blocks;
  const outlived = outlives(books, since, running);
  const groups = new HolderGroups();
  for (let row = 1; row < books.control[CONTROL.blockRows]!; row++) {
    if (state[row] === BLOCK_STATE.none || !outlived(row)) continue;
    groups.add(tagText(tag[row]!), cell[row]!, line[row]!, size[row]! * GRANULE);
  }
  return groups.sorted;
}

/** Whether the block of a row is a leak in that sense. */
export function outlives(
  { blocks: { generation, cell } }: Books,
  since: Mark | number | undefined,
  running: number,
): (row: number) => boolean {
  if (since === undefined) return (row) => cell[row] !== 0 && cell[row] !== running;
  if (typeof since === "number") return (row) => cell[row] === since;
  return (row) => since.isBefore(row, generation[row]!);
}
