// Scopes: blocks allocated while a scope's body runs, across its awaits too, are disposed at its end.
// A frame remembers ids and generations, never handles, so that scopes do not hinder collection.
import { AsyncLocalStorage } from "node:async_hooks";
import { currentCell } from "../base/index.ts";
import type { HandleOwner } from "./handle.ts";
import { reachableBlocks } from "./reach.ts";
import { isThenable } from "./thenable.ts";

/** A scope that runs, or ran. */
export interface Frame {
  readonly parent: Frame | undefined;
  readonly cell: number;
  /** id, generation, id, generation … and whose they are. */
  entries: number[];
  owners: HandleOwner[];
  open: boolean;
}

export class Scopes {
  readonly #frames = new AsyncLocalStorage<Frame | undefined>();
  readonly #open = new Set<Frame>();
  /** The size of #open, which note() looks at for each block. */
  #openCount = 0;
  /** Blocks that `keep` took out of every scope, by id. */
  readonly #kept = new Map<number, number>();

  /** Notes a new block in the innermost scope that is still open. */
  note(owner: HandleOwner, id: number, generation: number): void {
    const frame = this.current;
    if (frame === undefined) return;
    frame.entries.push(id, generation);
    frame.owners.push(owner);
  }

  /** The innermost scope that is open here. */
  get current(): Frame | undefined {
    return this.#openCount === 0 ? undefined : this.#innermost(this.#frames.getStore());
  }

  /** Runs `body`, whose blocks belong to that scope, or to the one around it that is still open; to none where none is. */
  within<T>(scope: Frame | undefined, body: () => T): T {
    return this.current === this.#innermost(scope) ? body() : this.#frames.run(scope, body);
  }

  run<T>(body: () => T): T {
    const parent = this.current;
    const frame: Frame = { parent, cell: currentCell(), entries: [], owners: [], open: true };
    this.#openCount = this.#open.add(frame).size;
    let result: T;
    try {
      result = this.#frames.run(frame, body);
    } catch (error) {
      this.#close(frame, undefined);
      throw error;
    }
    if (!isThenable(result)) {
      this.#close(frame, result);
      return result;
    }
    return result.then(
      (value) => {
        this.#close(frame, value);
        return value;
      },
      (error: unknown) => {
        this.#close(frame, undefined);
        throw error;
      },
    ) as T;
  }

  keep<T>(value: T): T {
    if (this.#open.size > 0) {
      for (const { id, generation } of reachableBlocks(value)) this.#kept.set(id, generation);
    }
    return value;
  }

  /** Ends the scopes that the cell left open when it was interrupted. */
  abandon(cell: number): void {
    for (const frame of this.#open) if (frame.cell === cell) this.#close(frame, undefined);
  }

  #innermost(frame: Frame | undefined): Frame | undefined {
    let at = frame;
    while (at && !at.open) at = at.parent;
    return at;
  }

  #close(frame: Frame, result: unknown): void {
    if (!frame.open) return;
    frame.open = false;
    this.#open.delete(frame);
    this.#openCount = this.#open.size;
    const escaping = new Map<number, number>();
    if (frame.entries.length > 0) {
      for (const { id, generation } of reachableBlocks(result)) escaping.set(id, generation);
    }
    const parent = this.#innermost(frame.parent);
    for (let i = 0; i < frame.entries.length; i += 2) {
      const owner = frame.owners[i / 2]!;
      const id = frame.entries[i]!;
      const generation = frame.entries[i + 1]!;
      if (this.#kept.get(id) === generation) continue;
      if (escaping.get(id) !== generation) owner.release(id, generation);
      else if (parent !== undefined) {
        parent.entries.push(id, generation);
        parent.owners.push(owner);
      }
    }
    frame.entries = [];
    frame.owners = [];
    if (this.#open.size === 0) this.#kept.clear();
  }
}
