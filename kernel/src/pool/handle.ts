// The handle that callers hold. It names a row and a generation of the block table, so that a stale
// handle is told from the block that took over its row.
import type { Block } from "./types.ts";

/** What a handle asks of its pool. */
export interface HandleOwner {
  isLive(id: number, generation: number): boolean;
  release(id: number, generation: number): void;
  /** Bytes that the live block `id` was asked for. */
  requested(id: number): number;
}

export class Handle implements Block {
  readonly id: number;
  readonly bytes: number;
  readonly tag: string;
  readonly cell: number;
  readonly line: number;
  readonly generation: number;
  readonly owner: HandleOwner;

  constructor(
    owner: HandleOwner,
    id: number,
    generation: number,
    bytes: number,
    tag: string,
    cell: number,
    line: number,
  ) {
    this.owner = owner;
    this.id = id;
    this.generation = generation;
    this.bytes = bytes;
    this.tag = tag;
    this.cell = cell;
    this.line = line;
  }

  get disposed(): boolean {
    return !this.owner.isLive(this.id, this.generation);
  }

  dispose(): void {
    this.owner.release(this.id, this.generation);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
