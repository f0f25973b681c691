// What resources that divide blocks share: the parts that are live, how they end, and how they end with
// their block. Where a part lies is the resource's own choice (bins.ts, arena.ts).
import { currentCell, GRANULE, lineWord, OutOfPoolMemory } from "../../base/index.ts";
import { FreeListeners } from "../free-listeners.ts";
import { badSize } from "../report.ts";
import type { AllocateOptions, Block } from "../types.ts";
import { Part } from "./part.ts";
import type { Resource } from "./resource.ts";

/** The pool, as far as parts need it: they live in its scopes, and in operations that it guards. */
export interface PartHost extends Resource {
  operation<T>(body: () => T): T;
  /** Like operation(), but never throws Interrupted. */
  unbroken<T>(body: () => T): T;
  keep<T>(value: T): T;
  /** Puts the part into the innermost scope that is open. */
  note(part: Part): void;
  clear(block: Block): void;
}

/** A block that is divided, and the parts of it that are live, by slot. */
export interface Chunk {
  block: Block;
  readonly live: Set<number>;
}

interface Slot {
  generation: number;
  chunk: Chunk | undefined;
  /** Where it lies in the chunk, bytes. */
  offset: number;
  bytes: number;
}

export interface Space {
  chunk: Chunk;
  offset: number;
  size: number;
}

/** Ids of parts are above those of blocks, and of no two resources alike. */
const IDS = 2 ** 32;
let resources = 0;

export abstract class Parts implements Resource {
  readonly #host: PartHost;
  readonly #upstream: Resource;
  readonly #firstId = ++resources * IDS;
  readonly #slots: Slot[] = [];
  readonly #spare: number[] = [];
  readonly #listeners = new FreeListeners();
  /** Gives back the parts whose handles were collected. */
  readonly #lost = new FinalizationRegistry<{ id: number; generation: number }>((key) =>
    this.#owner.release(key.id, key.generation),
  );
  readonly #owner = {
    isLive: (id: number, generation: number) => this.#slotOf(id)?.generation === generation,
    release: (id: number, generation: number) => this.#release(id, generation),
    requested: (id: number) => this.#slotOf(id)!.bytes,
  };

  protected constructor(host: PartHost, upstream: Resource) {
    this.#host = host;
    this.#upstream = upstream;
  }

  /** Room for a part of so many bytes; undefined for what is left to the upstream. */
  protected abstract find(bytes: number): Space | undefined;
  /** The part at `offset` has ended. */
  protected abstract ended(chunk: Chunk, offset: number): void;
  /** The chunk's block went back, here or with the pool. */
  protected abstract gone(chunk: Chunk): void;
  /** Gives blocks back that hold no part; returns their bytes. */
  abstract trim(): number;

  allocate(bytes: number, options: AllocateOptions = {}): Block {
    if (!(bytes >= 0) || !Number.isSafeInteger(bytes)) throw badSize(bytes);
    let part: Part | undefined;
    try {
      this.#host.operation(() => {
        const space = this.#withRoom(() => this.find(bytes));
        if (space !== undefined) part = this.#make(bytes, space, options);
      });
      if (part === undefined) return this.#withRoom(() => this.#upstream.allocate(bytes, options));
      if (options.zeroed) this.#host.clear(part);
    } catch (error) {
      if (part !== undefined) this.#forget(part);
      throw error;
    }
    if (options.onFree !== undefined) this.#listeners.add(part.id, options.onFree);
    this.#host.note(part);
    this.#lost.register(part, { id: part.id, generation: part.generation });
    return part;
  }

  /** A new block of the upstream, which no scope ends. */
  protected newChunk(bytes: number, tag: string): Chunk {
    const live = new Set<number>();
    const chunk: Chunk = { block: undefined as unknown as Block, live };
    const onFree = () => {
      const freed = [...live].map((at) => this.#end(at));
      this.gone(chunk);
      for (const part of freed) this.#listeners.tell(part);
    };
    chunk.block = this.#host.keep(this.#upstream.allocate(bytes, { tag, onFree }));
    return chunk;
  }

  /** When the upstream has no room, tries again without the empty blocks that are kept here. */
  #withRoom<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof OutOfPoolMemory) || this.trim() === 0) throw error;
      return body();
    }
  }

  #make(bytes: number, { chunk, offset, size }: Space, options: AllocateOptions): Part {
    const cell = currentCell();
    const line = cell === 0 ? 0 : lineWord[0]!;
    const at = this.#spare.pop() ?? this.#slots.push(emptySlot()) - 1;
    const slot = this.#slots[at]!;
    slot.generation++;
    slot.chunk = chunk;
    slot.offset = offset;
    slot.bytes = bytes;
    chunk.live.add(at);
    const key = { id: this.#firstId + at, generation: slot.generation };
    const made = { bytes, tag: options.tag ?? "", cell, line };
    return new Part(this.#owner, key, made, { whole: chunk.block, offset, size });
  }

  #slotOf(id: number): Slot | undefined {
    return this.#slots[id - this.#firstId];
  }

  /** Ends a part that was never given to anybody. */
  #forget(part: Part): void {
    this.#release(part.id, part.generation);
  }

  #release(id: number, generation: number): void {
    if (!this.#owner.isLive(id, generation)) return;
    const at = id - this.#firstId;
    const { chunk, offset } = this.#slots[at]!;
    const freed = this.#host.unbroken(() => {
      const part = this.#end(at);
      this.ended(chunk!, offset);
      return part;
    });
    this.#listeners.tell(freed);
  }

  /** The part in this slot is no more. */
  #end(at: number): { id: number; bytes: number } {
    const slot = this.#slots[at]!;
    slot.generation++;
    slot.chunk!.live.delete(at);
    slot.chunk = undefined;
    this.#spare.push(at);
    return { id: this.#firstId + at, bytes: slot.bytes };
  }
}

const emptySlot = (): Slot => ({
  generation: 0,
  chunk: undefined,
  offset: 0,
  bytes: 0,
});

/** Bytes rounded up to whole granules, at least one. */
export const roundUp = (bytes: number): number => Math.max(1, Math.ceil(bytes / GRANULE)) * GRANULE;
