// When blocks move: for a request that would fail, on compact(), and, if wanted, rather than reserve more
// than the peak needs. How is packing.ts's.
import { COUNTER, formatBytes, GRANULE } from "../../base/index.ts";
import type { Fit } from "../fit.ts";
import type { Ledger } from "../ledger.ts";
import type { Slabs } from "../slabs.ts";
import type { Compacted, Memory, MovingMode } from "../types.ts";
import { Chaos } from "./chaos.ts";
import { Mover } from "./mover.ts";
import { Packing } from "./packing.ts";

/** For the sake of packing at most this share of the bytes ever allocated moves. */
const PACKED_SHARE = 0.045;
/** For the sake of packing a slab is emptied only if it holds at most this share of its size. */
const FULLEST = 0.95;
/** After a rest a slab is emptied if it holds at most this share. */
const FULLEST_IDLE = 0.25;

export class Moving {
  readonly #ledger: Ledger;
  readonly #fit: Fit;
  readonly #slabs: Slabs;
  readonly #mode: MovingMode;
  readonly #packing: Packing | undefined;
  readonly mover: Mover | undefined;
  readonly #chaos: Chaos | undefined;

  constructor(memory: Memory, ledger: Ledger, fit: Fit, slabs: Slabs, mode: MovingMode) {
    this.#ledger = ledger;
    this.#fit = fit;
    this.#slabs = slabs;
    this.#mode = memory.move === undefined ? "never" : mode;
    if (this.#mode === "never") return;
    this.mover = new Mover(memory, ledger, fit, slabs);
    this.#packing = new Packing(ledger, fit, slabs, this.mover);
    if (mode === "chaos") this.#chaos = new Chaos(ledger, fit, slabs, this.mover);
  }

  /** Whether blocks move at every safe point. */
  get restless(): boolean {
    return this.#chaos !== undefined;
  }

  /** Moves blocks for no reason. After settle(). */
  shake(): void {
    this.#chaos?.shake();
  }

  /** Before a slab is made for `granules`: the row of a hole for them, or 0 if the slab is to be made. */
  insteadOfGrowth(granules: number): number {
    if (this.#mode !== "pack") return 0;
    const size = granules * GRANULE;
    const ceiling = Math.min(this.#slabs.makeWay(size), this.#get(COUNTER.budget));
    if (this.#get(COUNTER.reserved) + size <= ceiling) return 0;
    const hole = this.#fit.findAny(granules);
    if (hole !== 0) return hole;
    const credit = this.#get(COUNTER.allocatedBytes) * PACKED_SHARE - this.#moved;
    if (credit <= 0) return 0;
    return this.#packing!.makeRoom(granules, { ceiling, credit, fullest: FULLEST });
  }

  /**
   * For a request that has no hole and no room: moves what it takes, within the budget, or within what is reserved
   * if the memory `refused` to give more. Returns the row of a hole for it, or 0: then there may be room for a
   * slab. What was done is added to `tried`.
   */
  forRequest(granules: number, refused: boolean, tried: string[]): number {
    const ceiling = this.#get(refused ? COUNTER.reserved : COUNTER.budget);
    const free = ceiling - this.#get(COUNTER.live);
    if (this.#packing === undefined || free < granules * GRANULE) return 0;
    const before = this.#moved;
    const credit = Number.POSITIVE_INFINITY;
    const limits = { ceiling, credit, fullest: Number.POSITIVE_INFINITY };
    const hole = this.#packing.makeRoom(granules, limits);
    const bytes = this.#moved - before;
    if (bytes > 0) tried.push(`moved ${formatBytes(bytes)}`);
    return hole;
  }

  /** Packs the blocks into as few slabs as can be, and gives the emptied ones back. */
  compact(): Compacted {
    return this.#giveBack(FULLEST);
  }

  /** Gives back what is empty, and slabs that hold little, whose blocks move: the pool has been at rest. */
  giveBackIdle(): Compacted {
    return this.#giveBack(FULLEST_IDLE);
  }

  #giveBack(fullest: number): Compacted {
    const reserved = this.#get(COUNTER.reserved);
    const before = this.#moved;
    this.#slabs.trim(Number.POSITIVE_INFINITY);
    this.#packing?.giveBack(Number.POSITIVE_INFINITY, {
      ceiling: this.#get(COUNTER.budget),
      credit: Number.POSITIVE_INFINITY,
      fullest,
    });
    return {
      movedBytes: this.#moved - before,
      givenBack: reserved - this.#get(COUNTER.reserved),
    };
  }

  get #moved(): number {
    return this.#get(COUNTER.movedBytes);
  }

  #get(counter: number): number {
    return this.#ledger.get(counter);
  }
}
