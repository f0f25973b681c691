// What the slab map shows: the pool as it is, or as it was at a moment. A large pool is followed in steps that
// fit into frames; what is shown changes when the last of them is done. No DOM.
import type { BlockTable } from "./blocks.ts";
import { type Colouring, colourOf, FADES_MS } from "./colouring.ts";
import type { PoolModel } from "./pool-model.ts";
import { Replay } from "./replay.ts";
import { layoutSlabs, type SlabLayout } from "./slab-layout.ts";
import { EMPTY_RASTER, type Raster, RasterPass } from "./slab-raster.ts";

/** Says which blocks of a table are to be lit. */
export type Lit = (blocks: BlockTable, id: number) => boolean;

/** What is to be shown. */
export interface Wanted {
  /** Pixels. */
  width: number;
  by: Colouring;
  lit: Lit | undefined;
  /** The index of a record of the log; undefined for now. */
  moment: number | undefined;
}

/** Rows of the block table that a frame has time for. */
const ROWS_A_STEP = 1 << 15;
/** Following a busy pool takes at most this share of the page's time. */
const SHARE = 1 / 8;

interface Pass {
  layout: SlabLayout;
  raster: RasterPass;
  /** Milliseconds that it took so far. */
  spent: number;
}

export class SlabMap {
  blocks: BlockTable;
  layout: SlabLayout = { strips: [], height: 0, hidden: 0, away: new Map() };
  raster: Raster = EMPTY_RASTER;
  /** Grows with every change of what is shown. */
  version = 0;
  readonly #model: PoolModel;
  readonly #replay: Replay;
  #wanted: Wanted | undefined;
  #life = -1;
  /** What of the pool is shown, or is being worked out. */
  #seen = "";
  #pass: Pass | undefined;
  /** When the pool may be followed again. */
  #freeAt = 0;

  constructor(model: PoolModel) {
    this.#model = model;
    this.#replay = new Replay(model.log);
    this.blocks = model.blocks;
  }

  /** The moment that is shown, in milliseconds since the epoch. */
  get time(): number {
    const moment = this.#wanted?.moment;
    return moment === undefined ? this.#model.now() : this.#model.log.timeOf(moment);
  }

  /**
   * Works on what is wanted. Another width, colouring, light or moment is shown at once, changes of the pool in
   * steps. Returns in how many milliseconds it is to be called again (0: in the next frame), or undefined where
   * nothing is left to be done.
   */
  update(wanted: Wanted): number | undefined {
    const isOther = this.#isOther(wanted);
    this.#wanted = wanted;
    this.#life = this.#model.life;
    const seen = this.#of(wanted);
    if (isOther) this.#begin(seen);
    else if (!this.#pass) {
      if (seen === this.#seen) return undefined;
      const wait = this.#freeAt - performance.now();
      if (wait > 0) return wait;
      this.#begin(seen);
    }
    if (!this.#step(isOther ? Number.POSITIVE_INFINITY : ROWS_A_STEP)) return 0;
    return this.#of(wanted) === this.#seen
      ? undefined
      : Math.max(1, this.#freeAt - performance.now());
  }

  #isOther({ width, by, lit, moment }: Wanted): boolean {
    const last = this.#wanted;
    const same =
      last?.width === width && last.by === by && last.lit === lit && last.moment === moment;
    return !same || this.#life !== this.#model.life;
  }

  /** Names the state of the pool that is wanted; it changes with time where colours do. */
  #of({ by, moment }: Wanted): string {
    const { log, version } = this.#model;
    if (moment !== undefined) return `${log.epoch} ${moment}`;
    return `${version} ${Math.floor(this.time / (FADES_MS[by] ?? Number.POSITIVE_INFINITY))}`;
  }

  #begin(seen: string): void {
    const began = performance.now();
    const { width, by, lit, moment } = this.#wanted!;
    const past = moment === undefined ? undefined : this.#replay.seek(moment);
    const blocks = past?.blocks ?? this.#model.blocks;
    const slabs = past
      ? [...past.slabs].map(([id, bytes]) => ({ id, bytes }))
      : this.#model.slabs.values();
    const layout = layoutSlabs(slabs, blocks, width);
    const colour = colourOf(by, blocks, this.time);
    const raster = new RasterPass(layout, blocks, colour, lit && ((id) => lit(blocks, id)));
    this.#seen = seen;
    this.blocks = blocks;
    this.#pass = { layout, raster, spent: performance.now() - began };
  }

  /** Goes on with the pass; true when it is done and shown. */
  #step(rows: number): boolean {
    const pass = this.#pass!;
    const began = performance.now();
    const isDone = pass.raster.step(rows);
    if (isDone) {
      this.layout = pass.layout;
      this.raster = pass.raster.raster();
      this.version++;
      this.#pass = undefined;
    }
    const now = performance.now();
    pass.spent += now - began;
    this.#freeAt = now + pass.spent * (1 / SHARE - 1);
    return isDone;
  }
}
