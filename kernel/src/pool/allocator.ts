// Finds places for requests and takes them back: from a plan, from the holes of the slabs, by growth. It
// speaks of rows of the block table; handles, scopes and reports are pool.ts's. Its callers hold the books'
// sequence word odd (Ledger.begin) while they call what changes something.
import { BLOCK_STATE, CenoteError, COUNTER, EVENT, GRANULE, writeEvent } from "../base/index.ts";
import { Fit } from "./fit.ts";
import type { Ledger } from "./ledger.ts";
import { Moving } from "./move/moving.ts";
import { Pins } from "./pins.ts";
import { Planner } from "./planner.ts";
import { outOfMemory, type Request, tooLarge } from "./report.ts";
import { type SlabPolicy, slabPolicyFor } from "./slab-policy.ts";
import { Slabs } from "./slabs.ts";
import { tagId } from "./tags.ts";
import {
  type AllocateOptions,
  type Memory,
  MOVING_MODES,
  type MovingMode,
  type PoolOptions,
} from "./types.ts";

/** Whether room was made, and what was done for the request so far, for the error's "tried". */
export interface Relieved {
  done: boolean;
  text: string;
}

// Constants of this module's own, because V8 compiles those into the code but looks imported ones up.
const UNIT = GRANULE;
const LIVE = BLOCK_STATE.live;

export class Allocator {
  readonly fit: Fit;
  readonly slabs: Slabs;
  readonly planner: Planner;
  readonly pins: Pins;
  readonly moving: Moving;
  /**
   * Ways to make room for a request of so many bytes that fits nowhere, tried in turn, each as often as it
   * does something; `again` from the second time on.
   */
  readonly relief: ((bytes: number, again: boolean) => Relieved)[] = [];
  /** Gives back blocks that nobody holds: where it is cheap, or as the `last` resort. */
  collect: (bytes: number, last: boolean) => { text: string; blocks: number } | undefined = () =>
    undefined;
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #policy: SlabPolicy;

  constructor(memory: Memory, ledger: Ledger, options: PoolOptions) {
    this.#memory = memory;
    this.#ledger = ledger;
    this.fit = new Fit(ledger.books);
    const mode = options.moving ?? movingMode(process.env["CENOTE_MOVE"]);
    this.#policy = slabPolicyFor(memory, { ...options, moving: mode });
    this.slabs = new Slabs(memory, ledger, this.fit, this.#policy, options.keepEmpty);
    this.planner = new Planner(ledger, this.fit, this.slabs);
    this.pins = new Pins(ledger.books);
    this.moving = new Moving(memory, ledger, this.fit, this.slabs, mode);
  }

  /** Cuts a chunk for a request of `bytes`; returns its row. Throws OutOfPoolMemory or BLOCK_TOO_LARGE. */
  take(bytes: number, options: AllocateOptions, cell: number, line: number): number {
    const granules = bytes <= UNIT ? 1 : Math.ceil(bytes / UNIT);
    if (this.planner.active) return this.#takePlanned(granules, bytes, options, cell, line);
    const last = this.fit.takeLast(granules, this.#policy.kindOf(granules));
    return last !== 0 ? last : this.#place(granules, bytes, options, cell, line);
  }

  /** Ends the live block `row` and takes its chunk back. */
  give(row: number): void {
    const { fit } = this;
    const ledger = this.#ledger;
    const state = ledger.state(row);
    if (state !== LIVE) {
      this.pins.clear(row);
      if (state === BLOCK_STATE.spilled) {
        this.#endSpilled(row);
        return;
      }
    }
    this.settle();
    ledger.blockFree(row);
    const hole = fit.give(row);
    if (this.planner.active) this.planner.died(row, hole);
    if (hole === 0) return;
    if (fit.isWhole(hole)) this.slabs.emptied(hole);
    this.#countLargest();
  }

  /**
   * The live block `row` leaves its slab, and its place there is free at once; where its bytes are is the
   * caller's care. False when the block table is full and nothing was done.
   */
  evict(row: number): boolean {
    this.settle();
    const hole = this.fit.detach(row);
    if (hole === 0) return false;
    this.#ledger.blockSpilled(row);
    if (this.fit.isWhole(hole)) this.slabs.emptied(hole);
    this.#countLargest();
    return true;
  }

  /** The evicted block `row` gets a place in a slab, by all means by which a request gets one. Throws as take() does. */
  restore(row: number, what: AllocateOptions): void {
    const { size, cell, line } = this.#ledger.books.blocks;
    const bytes = this.#ledger.requested(row);
    this.settle();
    const hole = this.#hole(size[row]!, bytes, what, cell[row]!, line[row]!);
    this.fit.attach(row, hole);
    this.#ledger.blockFetched(row, this.pins.has(row));
    this.#countLargest();
  }

  /** A moment at which nobody relies on a place: in tests, blocks move now. */
  safePoint(): void {
    if (!this.moving.restless) return;
    this.settle();
    this.moving.shake();
  }

  /** Joins the chunk given back last with its neighbours, before holes are looked at; true if there was one. */
  settle(): boolean {
    const hole = this.fit.settle();
    if (hole === 0) return false;
    if (this.fit.isWhole(hole)) this.slabs.emptied(hole);
    this.#countLargest();
    return true;
  }

  /** Makes links, bins and the list of empty slabs anew from the block table. */
  rebuild(): void {
    this.fit.rebuild(this.slabs.layout());
    this.slabs.recount();
  }

  #takePlanned(granules: number, bytes: number, o: AllocateOptions, cell: number, line: number) {
    const row = this.planner.take(granules) || this.#place(granules, bytes, o, cell, line);
    this.planner.born(row, granules);
    return row;
  }

  #place(granules: number, bytes: number, o: AllocateOptions, cell: number, line: number): number {
    const row = this.fit.cut(this.#hole(granules, bytes, o, cell, line), granules);
    this.#countLargest();
    return row;
  }

  /** A hole of at least so many granules, about to be used. */
  #hole(granules: number, bytes: number, o: AllocateOptions, cell: number, line: number): number {
    const fit = this.fit;
    const kind = this.#policy.kindOf(granules);
    let hole = fit.find(granules, kind);
    if (hole === 0 && this.settle()) hole = fit.find(granules, kind);
    if (hole === 0) hole = this.#grow(granules, bytes, o, cell, line);
    if (fit.isWhole(hole)) this.slabs.used(hole);
    return hole;
  }

  #grow(granules: number, bytes: number, o: AllocateOptions, cell: number, line: number): number {
    const what = o.what ?? (o.tag ? `"${o.tag}"` : "");
    const request: Request = { wanted: bytes, what, cell, line };
    if (granules * GRANULE > this.#memory.maxSlab) throw tooLarge(request, this.#memory);
    const packed = this.moving.insteadOfGrowth(granules);
    if (packed !== 0) return packed;
    const growth = this.slabs.grow(granules * GRANULE, this.#policy.kindOf(granules));
    if (growth.row !== 0) return growth.row;
    const last = this.fit.findAny(granules);
    if (last !== 0) return last;
    const { tried, refusal } = growth;
    const relieved = this.#relieve(granules, bytes, tried, refusal !== undefined);
    if (relieved !== 0) return relieved;
    const left = Math.max(0, this.#ledger.get(COUNTER.budget) - this.#ledger.get(COUNTER.live));
    const size = Math.floor(left / GRANULE);
    writeEvent(
      this.#ledger.books,
      EVENT.failed,
      0,
      0,
      0,
      size,
      bytes,
      cell,
      line,
      tagId(o.tag ?? ""),
    );
    const largestHole = this.fit.largest() * GRANULE;
    throw outOfMemory(this.#ledger, { ...request, largestHole, tried, refusal });
  }

  /** Makes room by what costs more; returns the row of a hole, or 0. Adds to `tried` what was done. */
  #relieve(granules: number, bytes: number, tried: string[], refused: boolean): number {
    const again = (tell = true) => {
      const kind = this.#policy.kindOf(granules);
      this.settle();
      const hole = this.fit.find(granules, kind);
      if (hole !== 0) return hole;
      const growth = this.slabs.grow(granules * GRANULE, kind);
      if (tell) tried.push(...growth.tried);
      return growth.row || this.fit.findAny(granules);
    };
    let collectedBefore = false;
    for (const last of [false, true]) {
      if (collectedBefore) return 0;
      const collected = this.collect(bytes, last);
      collectedBefore = collected !== undefined;
      if (collected !== undefined) tried.push(collected.text);
      let row = collected?.blocks ? again() : 0;
      if (last && !collected?.blocks) return 0;
      if (row === 0) row = this.#moved(granules, tried, refused, again);
      for (const way of row === 0 ? this.relief : []) {
        let relieved = way(bytes, false);
        while (row === 0 && relieved.done) {
          row = again(false);
          if (row === 0) relieved = way(bytes, true);
        }
        if (relieved.text !== "") tried.push(relieved.text);
        if (row !== 0) break;
      }
      if (row !== 0) return row;
    }
    return 0;
  }

  /** Makes room by moving blocks; returns the row of a hole, or 0. */
  #moved(granules: number, tried: string[], refused: boolean, again: () => number): number {
    const before = this.#ledger.get(COUNTER.movedBytes);
    const row = this.moving.forRequest(granules, refused, tried);
    if (row !== 0 || this.#ledger.get(COUNTER.movedBytes) === before) return row;
    return again();
  }

  #endSpilled(row: number): void {
    this.#ledger.spilledFree(row);
    this.fit.drop(row);
  }

  #countLargest(): void {
    if (!this.fit.largestChanged) return;
    this.#ledger.set(COUNTER.largestFree, this.fit.nearLargest() * GRANULE);
  }
}

function movingMode(text: string | undefined): MovingMode {
  const known = MOVING_MODES.find((mode) => mode === (text || "need"));
  if (known !== undefined) return known;
  throw new CenoteError(
    "BAD_MODE",
    `wanted CENOTE_MOVE to be ${MOVING_MODES.join(", ")}, found ${text}`,
  );
}
