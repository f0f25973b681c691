// The blocks that hold memory now, summed up by tag, cell and line as they come and go, so that who holds
// most costs nothing to ask, however many blocks there are.
import { GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockCounter, BlockTable } from "./blocks.ts";
import type { Group, Grouping } from "./groups.ts";

const LINES = 2 ** 20;

export class LiveGroups implements BlockCounter {
  /** By cell and line, then by tag. */
  readonly #groups = new Map<number, Map<number, Group>>();

  clear(): void {
    this.#groups.clear();
  }

  /** Takes a block's row in (`sign` 1), or out (−1) before it changes. */
  count(table: BlockTable, id: number, sign: 1 | -1): void {
    const tag = table.tag[id]!;
    const cell = table.cell[id]!;
    const line = table.line[id]!;
    const place = cell * LINES + line;
    let byTag = this.#groups.get(place);
    if (!byTag) this.#groups.set(place, (byTag = new Map()));
    let found = byTag.get(tag);
    if (!found) {
      const key = `${place} ${tag}`;
      found = { key, tag, cell, line, block: undefined, blocks: 0, bytes: 0, requested: 0 };
      byTag.set(tag, found);
    }
    found.blocks += sign;
    found.bytes += sign * table.size[id]! * GRANULE;
    found.requested += sign * table.requested[id]!;
    if (found.blocks > 0) return;
    byTag.delete(tag);
    if (byTag.size === 0) this.#groups.delete(place);
  }

  /** The groups, in no particular order; not to be changed. */
  by(grouping: Exclude<Grouping, "block">): Group[] {
    const lines = [...this.#groups.values()].flatMap((byTag) => [...byTag.values()]);
    if (grouping === "line") return lines;
    const merged = new Map<number, Group>();
    for (const one of lines) {
      const name = one[grouping]!;
      const found = merged.get(name);
      if (found) merge(found, one);
      else merged.set(name, { ...one, key: `${name} 0` });
    }
    return [...merged.values()];
  }
}

function merge(into: Group, one: Group): void {
  if (into.tag !== one.tag) into.tag = undefined;
  if (into.cell !== one.cell) into.cell = undefined;
  if (into.line !== one.line || into.cell === undefined) into.line = undefined;
  into.blocks += one.blocks;
  into.bytes += one.bytes;
  into.requested += one.requested;
}
