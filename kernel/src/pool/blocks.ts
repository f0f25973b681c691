// Hands out blocks and takes them back: joins allocator.ts, which finds places, ledger.ts, which keeps the
// books, scopes.ts and reclaim.ts, which end lifetimes, and tiers/, where blocks are that left the device.
// Whatever touches the pool's memory is an operation (operations.ts). What else a pool offers is pool.ts's.
import { COUNTER, currentCell, GRANULE, lineWord } from "../base/index.ts";
import { FreeListeners } from "./free-listeners.ts";
import { Handle } from "./handle.ts";
import { Idle } from "./idle.ts";
import { keepBooks, leaveBooks } from "./keepers.ts";
import { Operations } from "./operations.ts";
import { type Collected, Reclaim } from "./reclaim.ts";
import { badSize, foreignBlock, poolClosed, usedAfterDispose } from "./report.ts";
import { Part } from "./resources/part.ts";
import type { Resource } from "./resources/resource.ts";
import { Scopes } from "./scopes.ts";
import { checkName, tagId } from "./tags.ts";
import { Residence } from "./tiers/residence.ts";
import { Store } from "./tiers/store.ts";
import { Tiers } from "./tiers/tiers.ts";
import type { AllocateOptions, Block, Memory, Place, PoolOptions } from "./types.ts";

const IDLE_MS = 10_000;
const NO_OPTIONS: AllocateOptions = {};

export class Blocks extends Operations implements Resource {
  readonly #memory: Memory;
  readonly #idle: Idle;
  protected readonly scopes: Scopes;
  readonly #owner = {
    isLive: (id: number, generation: number) => this.#isLive(id, generation),
    release: (id: number, generation: number) => this.#release(id, generation),
    requested: (id: number) => this.ledger.requested(id),
  };
  protected readonly reclaim: Reclaim;
  readonly #listeners = new FreeListeners();
  protected readonly store: Store;
  protected readonly spilling: Tiers | undefined;
  /** Brings blocks back that left the device, and keeps them there. */
  readonly residence: Residence;
  #closed = false;

  /** Reserves nothing yet. Throws BOOKS_TAKEN when another pool keeps the same books. */
  constructor(memory: Memory, options: PoolOptions = {}) {
    super(memory, options);
    this.#memory = memory;
    const activity = () => this.ledger.get(COUNTER.allocations) + this.ledger.get(COUNTER.frees);
    this.#idle = new Idle(options.idle ?? IDLE_MS, activity, () =>
      this.change(() => this.allocator.moving.giveBackIdle()),
    );
    this.allocator.slabs.onSpare = () => this.#idle.watch();
    this.scopes = new Scopes();
    this.reclaim = new Reclaim(this.#owner);
    if (options.collect !== false) {
      this.allocator.collect = (bytes, last) =>
        this.reclaim.relieve(bytes, this.ledger.get(COUNTER.budget), last);
    }
    const { carrier } = memory;
    this.store = new Store(this.ledger, options.tiers);
    this.spilling = carrier && new Tiers(carrier, this.ledger, this.allocator, this.store);
    const own = (block: Block) => this.#own(block);
    this.residence = new Residence(this, own, this.allocator.pins, this.spilling);
    keepBooks(this.books);
  }

  /**
   * A block of at least `bytes` bytes (0 or more), 256-byte aligned, holding old bytes unless `zeroed`.
   * Throws OutOfPoolMemory, BAD_SIZE, BAD_NAME, BLOCK_TOO_LARGE, and Interrupted as it ends.
   */
  allocate(bytes: number, options: AllocateOptions = NO_OPTIONS): Block {
    if (!(bytes >= 0) || !Number.isSafeInteger(bytes)) throw badSize(bytes);
    this.#mustBeOpen();
    const tag = options.tag ?? "";
    checkName("a tag", tag);
    const cell = currentCell();
    const line = cell === 0 ? 0 : lineWord[0]!;
    const ledger = this.ledger;
    let block: Handle | undefined;
    // As one: a block that a termination parted from its handle would stay for ever.
    ledger.begin();
    try {
      const row = this.allocator.take(bytes, options, cell, line);
      const generation = ledger.blockLive(row, bytes, cell, line, tagId(tag));
      this.spilling?.ages.born(row);
      if (options.zeroed) this.#clear(row, generation);
      if (ledger.stopWord) this.#release(row, generation);
      else {
        block = new Handle(this.#owner, row, generation, bytes, tag, cell, line);
        if (options.onFree !== undefined) this.#listeners.add(row, options.onFree);
        this.scopes.note(this.#owner, row, generation);
        this.reclaim.watch(block);
      }
    } finally {
      ledger.end();
    }
    if (block === undefined) throw this.stopped();
    return block;
  }

  /** Notes a part of a block, allocated by a resource, in the innermost scope that is open. */
  note(part: Part): void {
    this.scopes.note(part.owner, part.id, part.generation);
  }

  /** Fills the block with zeros. Throws as place() does, and Interrupted as it ends. */
  clear(block: Block): void {
    this.operation(() => {
      const { slab, offset, size } = this.place(block);
      this.#memory.clear(slab, offset, size);
    });
  }

  /** The same as `block.dispose()`. */
  free(block: Block): void {
    block.dispose();
  }

  /**
   * Where the block lies now. Throws DISPOSED, naming block, tag and cell, FOREIGN_BLOCK, or NOT_RESIDENT when
   * it was spilled (see residence).
   */
  place(block: Block): Place {
    const handle = this.#own(block);
    if (block instanceof Part) {
      const { slab, offset } = this.place(block.whole);
      return { slab, offset: offset + block.offset, size: block.size };
    }
    this.spilling?.touch(handle.id);
    const rows = this.ledger.books.blocks;
    return {
      slab: rows.slab[handle.id]!,
      offset: rows.offset[handle.id]! * GRANULE,
      size: rows.size[handle.id]! * GRANULE,
    };
  }

  /** Keeps the block where it is, until each of its pins was taken back or it ends. Throws as place() does. */
  pin(block: Block): void {
    this.allocator.pins.add(this.#own(block).id);
  }

  /** Takes one pin back; harmless for a block that has none, or has ended. */
  unpin(block: Block): void {
    const whole = block instanceof Part ? block.whole : block;
    if (!whole.disposed) this.allocator.pins.remove(this.#own(whole).id);
  }

  /** Throws DISPOSED, naming block, tag and cell, or FOREIGN_BLOCK. */
  check(block: Block): void {
    this.#own(block);
  }

  /**
   * To be called after a cell was terminated, which runs no `finally`: ends the scopes that it left
   * open, and rebuilds the allocator from the block table if it was cut inside an operation.
   */
  recover(cell: number): void {
    if (this.ledger.heal()) this.allocator.rebuild();
    this.spilling?.recover();
    this.residence.recover();
    this.allocator.planner.abandon();
    this.scopes.abandon(cell);
  }

  /** Disposes the blocks that are wanted, by row; their handles are the user's to find out about. */
  protected disposeWhere(wanted: (row: number) => boolean): Collected {
    const done = { blocks: 0, bytes: 0 };
    for (const [row, generation] of this.ledger.liveRows()) {
      if (!wanted(row)) continue;
      done.blocks++;
      done.bytes += this.ledger.books.blocks.size[row]! * GRANULE;
      this.#release(row, generation);
    }
    return done;
  }

  /** Whether it has ended, as when its device was lost. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the pool: every block is disposed, every slab given back, the books are free for another. */
  close(): void {
    if (this.#closed) return;
    try {
      for (const [row, generation] of this.ledger.liveRows()) this.#release(row, generation);
      this.change(() => this.allocator.slabs.trim(Number.POSITIVE_INFINITY));
    } finally {
      this.store.close();
      this.#idle.stop();
      this.#closed = true;
      leaveBooks(this.ledger.books);
    }
  }

  #isLive(id: number, generation: number): boolean {
    return !this.#closed && this.ledger.isCurrent(id, generation);
  }

  #release(id: number, generation: number): void {
    if (!this.#isLive(id, generation)) return;
    const ledger = this.ledger;
    const { waiting } = this.#listeners;
    const bytes = waiting ? ledger.requested(id) : 0;
    ledger.begin();
    try {
      if (this.spilling?.isAway(id)) this.spilling.forget(id);
      this.allocator.give(id);
    } finally {
      ledger.end();
    }
    if (waiting) this.#listeners.tell({ id, bytes });
  }

  #clear(row: number, generation: number): void {
    this.spilling?.touch(row);
    const rows = this.ledger.books.blocks;
    const size = rows.size[row]! * GRANULE;
    try {
      this.#memory.clear(rows.slab[row]!, rows.offset[row]! * GRANULE, size);
    } catch (error) {
      this.#release(row, generation);
      throw error;
    }
  }

  #own(block: Block): Handle {
    if (block instanceof Part) {
      if (block.disposed) throw usedAfterDispose(block);
      return this.#own(block.whole);
    }
    if (!(block instanceof Handle) || block.owner !== this.#owner) {
      throw foreignBlock();
    }
    if (block.disposed) throw usedAfterDispose(block);
    return block;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw poolClosed(this.#memory);
  }
}
