// The pool: blocks (blocks.ts) within a budget, and what is told and steered of them: statistics, snapshots,
// trimming and packing, scopes, regions and iterations. It knows no device.
import { BLOCK_STATE, CONTROL, COUNTER, currentCell, parseBytes } from "../base/index.ts";
import { Blocks } from "./blocks.ts";
import type { Collected } from "./reclaim.ts";
import { type Region, Regions } from "./regions.ts";
import { holders, statistics } from "./report.ts";
import type { Frame } from "./scopes.ts";
import { capture } from "./snapshot/capture.ts";
import { sizeHistogram } from "./snapshot/histogram.ts";
import { Mark, PoolSnapshot, type SizeClass } from "./snapshot/index.ts";
import { leaks, outlives } from "./snapshot/leaks.ts";
import type {
  Compacted,
  Holder,
  Memory,
  PlanInfo,
  PoolOptions,
  PoolStats,
  TierBudgets,
} from "./types.ts";

const DEFAULT_BUDGET = "1 GiB";
const NEVER = { spills: 0, fetches: 0 };

export class Pool extends Blocks {
  readonly #regions: Regions;

  /** Reserves nothing yet. Throws BOOKS_TAKEN when another pool keeps the same books. */
  constructor(memory: Memory, options: PoolOptions = {}) {
    super(memory, options);
    this.#regions = new Regions(this.ledger);
    this.budget = options.budget ?? process.env["CENOTE_BUDGET"] ?? DEFAULT_BUDGET;
  }

  /** Bytes that the slabs may take together. */
  get budget(): number {
    return this.ledger.get(COUNTER.budget);
  }

  /** Bytes, or text such as "4 GiB". Below what is live, it stops growth and frees only empty slabs. */
  set budget(size: number | string) {
    this.ledger.set(COUNTER.budget, parseBytes(size));
    this.change(() => this.allocator.slabs.fitBudget());
  }

  stats(): PoolStats {
    const { fit, slabs } = this.allocator;
    this.settle();
    const counts = { collected: this.reclaim.count, ...(this.spilling?.counts ?? NEVER) };
    return statistics(this.ledger, fit, slabs, counts);
  }

  /** Live blocks and holes by size, a class each doubling. */
  histogram(): SizeClass[] {
    this.settle();
    const { blocks, control } = this.ledger.books;
    return sizeHistogram(blocks, control[CONTROL.blockRows]!);
  }

  /** What the pool holds and the events that led there. `adapter`: facts to keep with it. */
  snapshot(adapter: Record<string, unknown> | null = null): PoolSnapshot {
    const counts = this.stats();
    return new PoolSnapshot({ captured: capture(this.ledger.books, counts), adapter });
  }

  /** Marks this moment, in the events too; `leaks(mark)` tells later blocks from earlier ones. */
  mark(name: string): Mark {
    return new Mark(name, this.ledger.books);
  }

  /**
   * Live blocks that were allocated after a mark, or by the cell of a number, or, with neither, by any cell
   * but the running one; largest group first. Runs collect() before, so that what nobody holds is left out.
   */
  leaks(since?: Mark | number): Holder[] {
    this.collect();
    return leaks(this.ledger.books, since, currentCell());
  }

  /**
   * Disposes what `leaks` lists, whoever has the handles: using one raises DISPOSED from then on. Pinned blocks
   * stay.
   */
  freeLeaks(since?: Mark | number): Collected {
    this.collect();
    const { books } = this.ledger;
    const outlived = outlives(books, since, currentCell());
    return this.disposeWhere(
      (row) => outlived(row) && books.blocks.state[row] !== BLOCK_STATE.pinned,
    );
  }

  /**
   * Blocks that were used longest ago leave the device for host memory and disk, until as many bytes have left
   * or there is no room for more. Returns the bytes that have left.
   */
  spill(bytes: number): number {
    return this.change(() => this.spilling?.spill(bytes) ?? 0);
  }

  /** How many bytes of blocks that don't fit the device may lie in host memory, and on disk. */
  get tiers(): TierBudgets {
    return { ...this.store.budgets };
  }

  /** Bytes, or text such as "4 GiB". What is there already stays. */
  set tiers(budgets: { host?: number | string; disk?: number | string }) {
    const { host = this.store.budgets.host, disk = this.store.budgets.disk } = budgets;
    this.store.budgets = { host: parseBytes(host), disk: parseBytes(disk) };
  }

  /** Bytes that `others` have of the host's budget count with those of spilled blocks from now on. */
  shareHost(others: () => number): void {
    this.store.takenByOthers = others;
  }

  /** Bytes of host memory that spilled blocks take. */
  get hostTaken(): number {
    return this.ledger.get(COUNTER.spilledBytes);
  }

  /** Counts bytes of buffers that the host fills or reads; negative for those that went. */
  countStaging(bytes: number): void {
    this.ledger.set(COUNTER.stagingBytes, this.ledger.get(COUNTER.stagingBytes) + bytes);
  }

  /** Counts bytes moved from or to the host, for the panel. */
  countTransfer(kind: "upload" | "readBack", bytes: number): void {
    const counter = kind === "upload" ? COUNTER.uploadBytes : COUNTER.readBackBytes;
    this.ledger.set(counter, this.ledger.get(counter) + bytes);
  }

  /** Live blocks grouped by tag, cell and line, largest group first. */
  holders(limit = 10): Holder[] {
    return holders(this.ledger, limit);
  }

  /** Gives empty slabs back to the memory; returns the bytes given back. */
  trim(): number {
    return this.change(() => this.allocator.slabs.trim(Number.POSITIVE_INFINITY).bytes);
  }

  /**
   * Packs the live blocks into fewer slabs, as far as they may move, and gives the emptied slabs back. Throws
   * Interrupted as it ends.
   */
  compact(): Compacted {
    const done = this.change(() => this.allocator.moving.compact());
    this.throwIfStopped();
    return done;
  }

  /**
   * Runs the garbage collector now, within the task, and gives back blocks (of 4 KiB and more) whose handles
   * were dropped without dispose. It takes tens of milliseconds. A request that would fail does it by itself.
   */
  collect(): Collected {
    return this.reclaim.collectNow();
  }

  /**
   * Runs `body`; at its end disposes the blocks allocated inside, but for those reachable from its
   * result (which pass to the scope around) and those given to `keep`. Async bodies are awaited.
   */
  scope<T>(body: () => T): T {
    return this.scopes.run(body);
  }

  /** The innermost scope that is open here, for what is made now and takes its memory later. */
  get openScope(): Frame | undefined {
    return this.scopes.current;
  }

  /** Runs `body`; what it allocates belongs to that scope, or to the one around it that is still open. */
  within<T>(scope: Frame | undefined, body: () => T): T {
    return this.scopes.within(scope, body);
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
    return this.scopes.keep(value);
  }

  /**
   * Runs `body` as one iteration of the repeating computation `name` (a training step, say). The first
   * is recorded, and a plan made of it: what it allocated and gave back gets fixed places in one slab.
   * Later iterations are served from the plan, without search; where one differs, the pool serves it, and
   * a new plan is made. Async bodies are awaited. An iteration inside another is part of that one.
   */
  iteration<T>(name: string, body: () => T): T {
    this.settle();
    return this.allocator.planner.run(name, body);
  }

  /** The repeating computations and how their plans serve. */
  plans(): PlanInfo[] {
    return this.allocator.planner.plans();
  }

  override recover(cell: number): void {
    super.recover(cell);
    this.#regions.abandon(cell);
  }
}
