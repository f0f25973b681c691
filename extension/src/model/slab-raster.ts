// Reduces the slab map to what its pixels can show. Blocks of some pixels stay boxes of their own; smaller
// ones are summed up by pixel column, so that 100,000 blocks cost no more to draw than the picture is wide.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockTable } from "./blocks.ts";
import { CELL_COLOURS } from "./colours.ts";
import { AWAY, type SlabLayout, type Strip } from "./slab-layout.ts";

/** A box to fill: pixels, the index of its colour, and how opaque. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  colour: number;
  alpha: number;
}

/** The pixel columns of a strip: the index of a colour and how opaque it is, 0 where there is nothing. */
export interface Row {
  strip: Strip;
  colour: Uint8Array;
  alpha: Float32Array;
}

/** What is to be filled: blocks of some pixels one by one, the others by column. */
export interface Raster {
  boxes: Box[];
  rows: Row[];
}

export const EMPTY_RASTER: Raster = { boxes: [], rows: [] };

/** Blocks narrower than this many pixels are summed up. */
const NARROW = 2;
const CACHED = 0.35;
const UNLIT = 0.2;

/**
 * Works out what to fill for the blocks of a layout, some rows of the table after the other, so that it can be
 * spread over several frames. `colourOf` gives the index of a block's colour, below CELL_COLOURS; `lit` says
 * which blocks are not to be dimmed; without it, all.
 */
export class RasterPass {
  readonly #layout: SlabLayout;
  readonly #blocks: BlockTable;
  readonly #colourOf: (id: number) => number;
  readonly #lit: ((id: number) => boolean) | undefined;
  readonly #rows: Map<number, Columns>;
  readonly #boxes: Box[] = [];
  #next = 0;

  constructor(
    layout: SlabLayout,
    blocks: BlockTable,
    colourOf: (id: number) => number,
    lit?: (id: number) => boolean,
  ) {
    this.#layout = layout;
    this.#blocks = blocks;
    this.#colourOf = colourOf;
    this.#lit = lit;
    this.#rows = new Map(layout.strips.map((strip) => [strip.slab, new Columns(strip)]));
  }

  /** Takes the next `most` rows; false while there are more. */
  step(most: number): boolean {
    const { state, slab, offset, size, rows } = this.#blocks;
    const end = Math.min(rows, this.#next + most);
    let last: number | undefined;
    let row: Columns | undefined;
    for (let id = this.#next; id < end; id++) {
      const now = state[id]!;
      if (now === BLOCK_STATE.none) continue;
      const spilled = now === BLOCK_STATE.spilled;
      const own = spilled ? AWAY : slab[id]!;
      if (own !== last) {
        last = own;
        row = this.#rows.get(own);
      }
      // What was spilled since the layout was made has no place in it.
      const at = spilled ? this.#layout.away.get(id) : offset[id]!;
      if (!row || at === undefined) continue;
      const alpha =
        (now === BLOCK_STATE.cached ? CACHED : 1) * (this.#lit?.(id) === false ? UNLIT : 1);
      this.#add(row, at * row.scale, size[id]! * row.scale, this.#colourOf(id), alpha);
    }
    this.#next = end;
    return end === rows;
  }

  /** What the rows that were taken fill. */
  raster(): Raster {
    const rows = [...this.#rows.values()].flatMap((columns) => columns.row() ?? []);
    return { boxes: this.#boxes, rows };
  }

  #add(row: Columns, x: number, width: number, colour: number, alpha: number): void {
    if (width < NARROW) {
      row.add(x, width, colour, alpha);
      return;
    }
    const { x: left, y, height } = row.strip;
    // A hair between neighbours where there is room, so that equal ones can be told apart.
    const shown = width > NARROW + 1 ? width - 1 : width;
    this.#boxes.push({ x: left + x, y, width: shown, height, colour, alpha });
  }
}

/** Boxes for the columns of rows; equal neighbours are one box. */
export function rowBoxes(rows: readonly Row[]): Box[] {
  return rows.flatMap(({ strip, colour, alpha }) => {
    const boxes: Box[] = [];
    let open: Box | undefined;
    for (let column = 0; column < alpha.length; column++) {
      const same = open?.colour === colour[column] && open?.alpha === alpha[column];
      if (same && alpha[column]! > 0) open!.width++;
      else if (alpha[column] === 0) open = undefined;
      else {
        const { x, y, height } = strip;
        open = {
          x: x + column,
          y,
          width: 1,
          height,
          colour: colour[column]!,
          alpha: alpha[column]!,
        };
        boxes.push(open);
      }
    }
    return boxes;
  });
}

/** Sums of one strip's narrow blocks: share of each pixel column, by colour. */
class Columns {
  readonly strip: Strip;
  /** Pixels for each of the strip's granules. */
  readonly scale: number;
  readonly #columns: number;
  #shares: Float32Array | undefined;

  constructor(strip: Strip) {
    this.strip = strip;
    this.scale = (GRANULE * strip.width) / strip.bytes;
    this.#columns = Math.ceil(strip.width);
  }

  /** Adds a block of less than NARROW pixels: it lies in three columns at most. */
  add(x: number, width: number, colour: number, alpha: number): void {
    this.#shares ??= new Float32Array(this.#columns * CELL_COLOURS);
    const column = Math.trunc(x);
    const rest = x + width - (column + 1);
    const first = rest > 0 ? width - rest : width;
    this.#put(column, colour, first * alpha);
    if (rest > 0) this.#put(column + 1, colour, (rest > 1 ? 1 : rest) * alpha);
    if (rest > 1) this.#put(column + 2, colour, (rest - 1) * alpha);
  }

  #put(column: number, colour: number, share: number): void {
    if (column < this.#columns) this.#shares![column * CELL_COLOURS + colour]! += share;
  }

  /** The colour with the largest share of each column, as opaque as all shares together; undefined where there are none. */
  row(): Row | undefined {
    const shares = this.#shares;
    if (!shares) return undefined;
    const columns = this.#columns;
    const row = {
      strip: this.strip,
      colour: new Uint8Array(columns),
      alpha: new Float32Array(columns),
    };
    for (let column = 0; column < columns; column++) {
      const at = column * CELL_COLOURS;
      let colour = 0;
      let most = 0;
      let sum = 0;
      for (let c = 0; c < CELL_COLOURS; c++) {
        const share = shares[at + c]!;
        sum += share;
        if (share > most) [most, colour] = [share, c];
      }
      if (sum <= 0) continue;
      row.colour[column] = colour;
      // A lone tiny block must still be seen; steps of 1/16 let equal neighbours become one box.
      row.alpha[column] = Math.max(0.25, Math.min(1, Math.round(sum * 16) / 16));
    }
    return row;
  }
}
