// Blocks that are parts of another block: what a resource hands out that divides blocks of its own. The
// pool's books know only the whole; place, pins and use of a part are those of the whole.
import { Handle, type HandleOwner } from "../handle.ts";
import type { Block } from "../types.ts";

export class Part extends Handle {
  readonly whole: Block;
  /** Bytes from the start of the whole, a multiple of GRANULE. */
  readonly offset: number;
  /** Bytes that it takes there. */
  readonly size: number;

  constructor(
    owner: HandleOwner,
    key: { id: number; generation: number },
    made: { bytes: number; tag: string; cell: number; line: number },
    at: { whole: Block; offset: number; size: number },
  ) {
    super(owner, key.id, key.generation, made.bytes, made.tag, made.cell, made.line);
    this.whole = at.whole;
    this.offset = at.offset;
    this.size = at.size;
  }
}
