// Placing (placing.ts) where live chunks may go elsewhere: to a hole of another slab, down over the hole before
// them, out of their slab and back. What is worth moving is move/'s; what is copied, its and the tiers'.
import { BLOCK_STATE } from "../base/index.ts";
import { KIND } from "./chunks.ts";
import { Placing } from "./placing.ts";

export class Fit extends Placing {
  /**
   * The live chunk `row` takes the start of `hole`, which is large enough; returns the row of the hole that
   * it left, or 0 when the table is full and nothing was done. Row and generation stay. After settle().
   */
  move(row: number, hole: number): number {
    const left = this.chunks.newRow();
    if (left === 0) return 0;
    this.chunks.replace(row, left);
    this.attach(row, hole);
    return this.join(left);
  }

  /** Hides the holes of the slab that `row` lies in from find(), until unseal(). */
  seal(row: number): void {
    for (let at = this.first(row); at !== 0; at = this.chunks.after[at]!) {
      if (this.chunks.state[at] === BLOCK_STATE.none) this.unlink(at, this.chunks.size[at]!);
      this.chunks.kind[at] = KIND.planned;
    }
  }

  /** Takes back seal(): the slab that `row` lies in is of this kind again. */
  unseal(row: number, kind: number): void {
    for (let at = this.first(row); at !== 0; at = this.chunks.after[at]!) {
      this.chunks.kind[at] = kind;
      if (this.chunks.state[at] === BLOCK_STATE.none) this.link(at);
    }
  }

  /** The first chunk of the slab that `row` lies in. */
  first(row: number): number {
    let at = row;
    while (this.chunks.before[at] !== 0) at = this.chunks.before[at]!;
    return at;
  }

  /** The live chunk `row` moves down over the hole before it; returns the row of the hole after it. */
  slide(row: number): number {
    const { before, after, offset, size } = this.chunks;
    const hole = before[row]!;
    this.unlink(hole, size[hole]!);
    const [first, last] = [before[hole]!, after[row]!];
    offset[row] = offset[hole]!;
    offset[hole] = offset[row]! + size[row]!;
    before[row] = first;
    after[row] = hole;
    before[hole] = row;
    after[hole] = last;
    if (first !== 0) after[first] = row;
    if (last !== 0) before[last] = hole;
    return this.join(hole);
  }

  /**
   * The live chunk `row` leaves its slab: it keeps its row and size and has slab 0, until attach() or drop().
   * Returns the row of the hole that it left, or 0 when the table is full and nothing was done. After settle().
   */
  detach(row: number): number {
    const left = this.chunks.newRow();
    if (left === 0) return 0;
    this.chunks.replace(row, left);
    this.chunks.slab[row] = 0;
    this.chunks.offset[row] = 0;
    return this.join(left);
  }

  /** The detached chunk `row` takes the start of `hole`, which is large enough. */
  attach(row: number, hole: number): void {
    const size = this.chunks.size[hole]!;
    if (size !== this.chunks.size[row]) {
      this.cutInto(row, hole);
      return;
    }
    this.unlink(hole, size);
    this.chunks.replace(hole, row);
    this.chunks.dropRow(hole);
  }

  /** The detached chunk `row` (state "none" by now) ends. */
  drop(row: number): void {
    this.chunks.dropRow(row);
  }

  /** The chunk before `row` in its slab, or 0. */
  previous(row: number): number {
    return this.chunks.before[row]!;
  }
}
