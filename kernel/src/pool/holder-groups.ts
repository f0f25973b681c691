// Groups live blocks by what allocated them, for reports, snapshots and leaks.
import type { Holder } from "./types.ts";

export class HolderGroups {
  readonly #groups = new Map<string, Holder>();

  /** Counts one block of so many bytes. */
  add(tag: string, cell: number, line: number, bytes: number): void {
    const key = `${cell} ${line} ${tag}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = { tag, cell, line, blocks: 0, bytes: 0 };
      this.#groups.set(key, group);
    }
    group.blocks++;
    group.bytes += bytes;
  }

  /** Largest group first. */
  get sorted(): Holder[] {
    return [...this.#groups.values()].sort((a, b) => b.bytes - a.bytes);
  }
}
