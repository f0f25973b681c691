// The pool: divides slabs of a `Memory` into blocks, within a budget. It joins the parts: allocator.ts finds
// places, ledger.ts keeps the books, scopes.ts ends lifetimes, report.ts explains. It knows no device.
import {
  type Books,
  CenoteError,
  CONTROL,
  COUNTER,
  currentCell,
  GRANULE,
  Interrupted,
  lineWord,
  parseBytes,
  books as processBooks,
  standStill,
} from "../base/index.ts";
import { Allocator } from "./allocator.ts";
import { FreeListeners } from "./free-listeners.ts";
import { Handle } from "./handle.ts";
import { Idle } from "./idle.ts";
import { Ledger } from "./ledger.ts";
import { type Collected, Reclaim } from "./reclaim.ts";
import { type Region, Regions } from "./regions.ts";
import { badSize, holders, statistics, usedAfterDispose } from "./report.ts";
import { Part } from "./resources/part.ts";
import type { Resource } from "./resources/resource.ts";
import { Scopes } from "./scopes.ts";
import { capture } from "./snapshot/capture.ts";
import { sizeHistogram } from "./snapshot/histogram.ts";
import { Mark, PoolSnapshot, type SizeClass } from "./snapshot/index.ts";
import { leaks } from "./snapshot/leaks.ts";
import { tagId } from "./tags.ts";
import { Residence } from "./tiers/residence.ts";
import { Store } from "./tiers/store.ts";
import { Tiers } from "./tiers/tiers.ts";
import type {
  AllocateOptions,
  Block,
  Compacted,
  Holder,
  Memory,
  Place,
  PlanInfo,
  PoolOptions,
  PoolStats,
  TierBudgets,
} from "./types.ts";

const DEFAULT_BUDGET = "1 GiB";
const IDLE_MS = 10_000;
const NO_OPTIONS: AllocateOptions = {};
const NEVER = { spills: 0, fetches: 0 };
const kept = new WeakSet<SharedArrayBuffer>();

export class Pool implements Resource {
  readonly #ledger: Ledger;
  readonly #allocator: Allocator;
  readonly #memory: Memory;
  readonly #idle: Idle;
  readonly #scopes: Scopes;
  readonly #regions: Regions;
  readonly #owner = {
    isLive: (id: number, generation: number) => this.#isLive(id, generation),
    release: (id: number, generation: number) => this.#release(id, generation),
    requested: (id: number) => this.#ledger.requested(id),
  };
  readonly #reclaim: Reclaim;
  readonly #listeners = new FreeListeners();
  readonly #store: Store;
  readonly #tiers: Tiers | undefined;
  /** Brings blocks back that left the device, and keeps them there. */
  readonly residence: Residence;
  #closed = false;

  /** Reserves nothing yet. Throws BOOKS_TAKEN when another pool keeps the same books. */
  constructor(memory: Memory, options: PoolOptions = {}) {
    const books: Books = options.books ?? processBooks();
    if (kept.has(books.buffer)) {
      throw new CenoteError("BOOKS_TAKEN", "another pool keeps these books", {
        mend: "Use the pool that there is, close it first, or give this one books of its own.",
      });
    }
    this.#memory = memory;
    this.#ledger = new Ledger(books);
    this.#allocator = new Allocator(memory, this.#ledger, options);
    const activity = () => this.#ledger.get(COUNTER.allocations) + this.#ledger.get(COUNTER.frees);
    this.#idle = new Idle(options.idle ?? IDLE_MS, activity, () =>
      this.#change(() => this.#allocator.moving.giveBackIdle()),
    );
    this.#allocator.slabs.onSpare = () => this.#idle.watch();
    this.#scopes = new Scopes();
    this.#regions = new Regions(this.#ledger);
    this.#reclaim = new Reclaim(this.#owner);
    if (options.collect !== false) {
      this.#allocator.collect = (bytes, last) => this.#reclaim.relieve(bytes, this.budget, last);
    }
    const { carrier } = memory;
    this.#store = new Store(this.#ledger, options.tiers);
    this.#tiers = carrier && new Tiers(carrier, this.#ledger, this.#allocator, this.#store);
    const own = (block: Block) => this.#own(block);
    this.residence = new Residence(this, own, this.#allocator.pins, this.#tiers);
    this.budget = options.budget ?? process.env["CENOTE_BUDGET"] ?? DEFAULT_BUDGET;
    kept.add(books.buffer);
  }

  get books(): Books {
    return this.#ledger.books;
  }

  /** Bytes that the slabs may take together. */
  get budget(): number {
    return this.#ledger.get(COUNTER.budget);
  }

  /** Bytes, or text such as "4 GiB". Below what is live, it stops growth and frees only empty slabs. */
  set budget(size: number | string) {
    this.#ledger.set(COUNTER.budget, parseBytes(size));
    this.#change(() => this.#allocator.slabs.fitBudget());
  }

  /**
   * A block of at least `bytes` bytes (0 or more), 256-byte aligned, holding old bytes unless `zeroed`.
   * Throws OutOfPoolMemory, BAD_SIZE, BLOCK_TOO_LARGE, and Interrupted as it ends.
   */
  allocate(bytes: number, options: AllocateOptions = NO_OPTIONS): Block {
    if (!(bytes >= 0) || !Number.isSafeInteger(bytes)) throw badSize(bytes);
    this.#mustBeOpen();
    const tag = options.tag ?? "";
    const cell = currentCell();
    const line = cell === 0 ? 0 : lineWord[0]!;
    const ledger = this.#ledger;
    ledger.begin();
    let row: number;
    let generation: number;
    try {
      row = this.#allocator.take(bytes, options, cell, line);
      generation = ledger.blockLive(row, bytes, cell, line, tagId(tag));
      this.#tiers?.ages.born(row);
    } finally {
      ledger.end();
    }
    if (options.zeroed) this.#clear(row, generation);
    if (ledger.stopWord) {
      this.#release(row, generation);
      throw this.#stopped();
    }
    const block = new Handle(this.#owner, row, generation, bytes, tag, cell, line);
    if (options.onFree !== undefined) this.#listeners.add(row, options.onFree);
    this.#scopes.note(this.#owner, row, generation);
    this.#reclaim.watch(block);
    return block;
  }

  /** Notes a part of a block, allocated by a resource, in the innermost scope that is open. */
  note(part: Part): void {
    this.#scopes.note(part.owner, part.id, part.generation);
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
    this.#tiers?.touch(handle.id);
    const rows = this.#ledger.books.blocks;
    return {
      slab: rows.slab[handle.id]!,
      offset: rows.offset[handle.id]! * GRANULE,
      size: rows.size[handle.id]! * GRANULE,
    };
  }

  /** Keeps the block where it is, until each of its pins was taken back or it ends. Throws as place() does. */
  pin(block: Block): void {
    this.#allocator.pins.add(this.#own(block).id);
  }

  /** Takes one pin back; harmless for a block that has none, or has ended. */
  unpin(block: Block): void {
    if (!block.disposed) this.#allocator.pins.remove(this.#own(block).id);
  }

  stats(): PoolStats {
    const { fit, slabs } = this.#allocator;
    this.#allocator.settle();
    const counts = { collected: this.#reclaim.count, ...(this.#tiers?.counts ?? NEVER) };
    return statistics(this.#ledger, fit, slabs, counts);
  }

  /** Live blocks and holes by size, a class each doubling. */
  histogram(): SizeClass[] {
    this.#allocator.settle();
    const { blocks, control } = this.#ledger.books;
    return sizeHistogram(blocks, control[CONTROL.blockRows]!);
  }

  /** What the pool holds and the events that led there. `adapter`: facts to keep with it. */
  snapshot(adapter: Record<string, unknown> | null = null): PoolSnapshot {
    const counts = this.stats();
    return new PoolSnapshot({ captured: capture(this.#ledger.books, counts), adapter });
  }

  /** Marks this moment, in the events too; `leaks(mark)` tells later blocks from earlier ones. */
  mark(name: string): Mark {
    return new Mark(name, this.#ledger.books);
  }

  /**
   * Live blocks that were allocated after a mark, or by the cell of a number, or, with neither, by any cell
   * but the running one; largest group first. Runs collect() before, so that what nobody holds is left out.
   */
  leaks(since?: Mark | number): Holder[] {
    this.collect();
    return leaks(this.#ledger.books, since, currentCell());
  }

  /** How many bytes of blocks that don't fit the device may lie in host memory, and on disk. */
  get tiers(): TierBudgets {
    return { ...this.#store.budgets };
  }

  /** Bytes, or text such as "4 GiB". What is there already stays. */
  set tiers(budgets: { host?: number | string; disk?: number | string }) {
    const { host = this.#store.budgets.host, disk = this.#store.budgets.disk } = budgets;
    this.#store.budgets = { host: parseBytes(host), disk: parseBytes(disk) };
  }

  /** Throws DISPOSED, naming block, tag and cell, or FOREIGN_BLOCK. */
  check(block: Block): void {
    this.#own(block);
  }

  /** Counts bytes of buffers that the host fills or reads; negative for those that went. */
  countStaging(bytes: number): void {
    this.#ledger.set(COUNTER.stagingBytes, this.#ledger.get(COUNTER.stagingBytes) + bytes);
  }

  /** Counts bytes moved from or to the host, for the panel. */
  countTransfer(kind: "upload" | "readBack", bytes: number): void {
    const counter = kind === "upload" ? COUNTER.uploadBytes : COUNTER.readBackBytes;
    this.#ledger.set(counter, this.#ledger.get(counter) + bytes);
  }

  /** Live blocks grouped by tag, cell and line, largest group first. */
  holders(limit = 10): Holder[] {
    return holders(this.#ledger, limit);
  }

  /** Gives empty slabs back to the memory; returns the bytes given back. */
  trim(): number {
    return this.#change(() => this.#allocator.slabs.trim(Number.POSITIVE_INFINITY).bytes);
  }

  /**
   * Packs the live blocks into fewer slabs, as far as they may move, and gives the emptied slabs back. Throws
   * Interrupted as it ends.
   */
  compact(): Compacted {
    const done = this.#change(() => this.#allocator.moving.compact());
    this.throwIfStopped();
    return done;
  }

  /**
   * Runs the garbage collector now, within the task, and gives back blocks (of 4 KiB and more) whose handles
   * were dropped without dispose. It takes tens of milliseconds. A request that would fail does it by itself.
   */
  collect(): Collected {
    return this.#reclaim.collectNow();
  }

  /**
   * Runs `body`; at its end disposes the blocks allocated inside, but for those reachable from its
   * result (which pass to the scope around) and those given to `keep`. Async bodies are awaited.
   */
  scope<T>(body: () => T): T {
    return this.#scopes.run(body);
  }

  /**
   * Runs `body` as a region: tells what it returned, and what the pool took meanwhile, its peak above all.
   * Regions may nest and overlap; whatever is allocated while one runs counts. An async body is awaited, and
   * the region then is a promise.
   */
  region<T>(body: () => Promise<T>): Promise<Region<T>>;
  region<T>(body: () => T): Region<T>;
  region<T>(body: () => T): Region<T> | Promise<Region<Awaited<T>>> {
    return this.#regions.run(body);
  }

  /** Takes the blocks reachable from `value` out of every open scope; returns `value`. */
  keep<T>(value: T): T {
    return this.#scopes.keep(value);
  }

  /**
   * Runs `body` as one iteration of the repeating computation `name` (a training step, say). The first
   * is recorded, and a plan made of it: what it allocated and gave back gets fixed places in one slab.
   * Later iterations are served from the plan, without search; where one differs, the pool serves it, and
   * a new plan is made. Async bodies are awaited. An iteration inside another is part of that one.
   */
  iteration<T>(name: string, body: () => T): T {
    this.#allocator.settle();
    return this.#allocator.planner.run(name, body);
  }

  /** The repeating computations and how their plans serve. */
  plans(): PlanInfo[] {
    return this.#allocator.planner.plans();
  }

  /**
   * Runs one synchronous operation on the pool's memory with the sequence word odd, so that it is not
   * torn by a termination, and throws Interrupted after it when the stop word is up.
   */
  operation<T>(body: () => T): T {
    this.#ledger.begin();
    let result: T;
    try {
      if (!this.#ledger.nested) this.#allocator.safePoint();
      result = body();
    } finally {
      this.#ledger.end();
    }
    this.throwIfStopped();
    return result;
  }

  /** Like operation(), but never throws Interrupted: for what ends something. */
  unbroken<T>(body: () => T): T {
    this.#ledger.begin();
    try {
      return body();
    } finally {
      this.#ledger.end();
    }
  }

  /** Changes the books by `body`, for which they are settled. */
  #change<T>(body: () => T): T {
    return this.unbroken(() => {
      this.#allocator.settle();
      return body();
    });
  }

  /** Whether the user has asked the running cell to stop. */
  get stopping(): boolean {
    return this.#ledger.stopping;
  }

  /** Throws Interrupted when the user has asked the running cell to stop. */
  throwIfStopped(): void {
    if (this.#ledger.stopping) throw this.#stopped();
  }

  /** Everything is whole here: a loop that swallows this error is best terminated now. */
  #stopped(): Interrupted {
    standStill();
    return new Interrupted();
  }

  /**
   * To be called after a cell was terminated, which runs no `finally`: ends the scopes that it left
   * open, and rebuilds the allocator from the block table if it was cut inside an operation.
   */
  recover(cell: number): void {
    if (this.#ledger.heal()) this.#allocator.rebuild();
    this.#tiers?.recover();
    this.residence.recover();
    this.#allocator.planner.abandon();
    this.#scopes.abandon(cell);
    this.#regions.abandon(cell);
  }

  /** Ends the pool: every block is disposed, every slab given back, the books are free for another. */
  close(): void {
    if (this.#closed) return;
    try {
      for (const [row, generation] of this.#ledger.liveRows()) this.#release(row, generation);
      this.trim();
    } finally {
      this.#store.close();
      this.#idle.stop();
      this.#closed = true;
      kept.delete(this.#ledger.books.buffer);
    }
  }

  #isLive(id: number, generation: number): boolean {
    return !this.#closed && this.#ledger.isCurrent(id, generation);
  }

  #release(id: number, generation: number): void {
    if (!this.#isLive(id, generation)) return;
    const ledger = this.#ledger;
    const { waiting } = this.#listeners;
    const bytes = waiting ? ledger.requested(id) : 0;
    ledger.begin();
    try {
      if (this.#tiers?.isAway(id)) this.#tiers.forget(id);
      this.#allocator.give(id);
    } finally {
      ledger.end();
    }
    if (waiting) this.#listeners.tell({ id, bytes });
  }

  #clear(row: number, generation: number): void {
    this.#tiers?.touch(row);
    const rows = this.#ledger.books.blocks;
    const size = rows.size[row]! * GRANULE;
    this.#ledger.begin();
    try {
      this.#memory.clear(rows.slab[row]!, rows.offset[row]! * GRANULE, size);
    } catch (error) {
      this.#release(row, generation);
      throw error;
    } finally {
      this.#ledger.end();
    }
  }

  #own(block: Block): Handle {
    if (block instanceof Part) {
      if (block.disposed) throw usedAfterDispose(block);
      return this.#own(block.whole);
    }
    if (!(block instanceof Handle) || block.owner !== this.#owner) {
      throw new CenoteError("FOREIGN_BLOCK", "wanted a block of this pool, found something else", {
        mend: "Use blocks that pool.allocate or gpu.allocate gave, and that this pool still serves.",
      });
    }
    if (block.disposed) throw usedAfterDispose(block);
    return block;
  }

  #mustBeOpen(): void {
    if (this.#closed) {
      throw new CenoteError("POOL_CLOSED", `the pool on ${this.#memory.name} was closed`, {
        mend: "Open the GPU again with openGpu().",
      });
    }
  }
}
