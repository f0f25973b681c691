// Resources that watch: who holds what, a log, and somebody to ask when memory runs out.
import { currentCell, lineWord, OutOfPoolMemory } from "../../base/index.ts";
import type { AllocateOptions, Block } from "../types.ts";
import { type Resource, withOnFree } from "./resource.ts";

/** A block that is live through a Tracking resource. */
export interface Tracked {
  id: number;
  /** Bytes, as requested. */
  bytes: number;
  tag: string;
  /** Execution count of the cell that allocated it, 0 outside cells, and the line there. */
  cell: number;
  line: number;
  /** Where it was allocated, innermost call first; only where stacks were asked for. */
  stack?: string;
}

/** Knows every block that is live through it, oldest first, with the stack that allocated it if wanted. */
export class Tracking implements Resource {
  readonly #upstream: Resource;
  readonly #stacks: boolean;
  readonly #live = new Map<number, Tracked>();

  /** `stacks` costs some microseconds an allocation. */
  constructor(upstream: Resource, options: { stacks?: boolean } = {}) {
    this.#upstream = upstream;
    this.#stacks = options.stacks ?? false;
  }

  get live(): Tracked[] {
    return [...this.#live.values()];
  }

  allocate(bytes: number, options: AllocateOptions = {}): Block {
    const block = this.#upstream.allocate(
      bytes,
      withOnFree(options, ({ id }) => this.#live.delete(id)),
    );
    const cell = currentCell();
    const line = cell === 0 ? 0 : lineWord[0]!;
    const tracked: Tracked = { id: block.id, bytes, tag: block.tag, cell, line };
    if (this.#stacks) tracked.stack = stackAbove();
    this.#live.set(block.id, tracked);
    return block;
  }
}

/** The stack of calls above the resource that asks. */
function stackAbove(): string {
  return (new Error().stack ?? "").split("\n").slice(3).join("\n");
}

/** Writes RMM's log, which `npx cenote replay` reads: a line an allocation, a failure and a free. */
export class Logging implements Resource {
  static readonly header = "Thread,Time,Action,Pointer,Size,Stream";
  readonly #upstream: Resource;
  readonly #write: (line: string) => void;
  /** Numbers the allocations; RMM gives addresses here, which only have to differ while live. */
  #last = 0;

  /** `write` is given lines without their end, the header first. */
  constructor(upstream: Resource, write: (line: string) => void) {
    this.#upstream = upstream;
    this.#write = write;
    write(Logging.header);
  }

  allocate(bytes: number, options: AllocateOptions = {}): Block {
    const pointer = ++this.#last;
    let block: Block;
    try {
      block = this.#upstream.allocate(
        bytes,
        withOnFree(options, () => this.#line("free", pointer, bytes)),
      );
    } catch (error) {
      if (error instanceof OutOfPoolMemory) this.#line("allocate failure", 0, bytes);
      throw error;
    }
    this.#line("allocate", pointer, bytes);
    return block;
  }

  #line(action: string, pointer: number, bytes: number): void {
    const time = new Date().toISOString().slice(11, 23).replace(".", ":");
    this.#write(`0,${time},${action},0x${pointer.toString(16)},${bytes},0x0`);
  }
}

/** Asks a callback when the resource beneath has no room, and tries again as long as that says so. */
export class FailureCallback implements Resource {
  readonly #upstream: Resource;
  readonly #makeRoom: (bytes: number, error: OutOfPoolMemory) => boolean;

  /** `makeRoom` returns true when it has made room, so that trying again makes sense. */
  constructor(upstream: Resource, makeRoom: (bytes: number, error: OutOfPoolMemory) => boolean) {
    this.#upstream = upstream;
    this.#makeRoom = makeRoom;
  }

  allocate(bytes: number, options?: AllocateOptions): Block {
    for (;;) {
      try {
        return this.#upstream.allocate(bytes, options);
      } catch (error) {
        if (!(error instanceof OutOfPoolMemory) || !this.#makeRoom(bytes, error)) throw error;
      }
    }
  }
}
