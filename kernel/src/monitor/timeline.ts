// Turns events into a timeline: samples of the pool's levels, and the spans of cells. Samples are decimated: of each stretch of events the first, last, lowest and highest of live stay.
import { type CellSpan, EVENT, EVENT_WORDS, GRANULE, SAMPLE_VALUES } from "../base/index.ts";

/** Bytes, but for `changes`: allocations and frees so far. */
export interface Levels {
  live: number;
  reserved: number;
  requested: number;
  spilled: number;
  changes: number;
}

/** A sample, as the SAMPLE_VALUES numbers: time (ms since the epoch), then the levels. */
type Sample = readonly [
  time: number,
  live: number,
  reserved: number,
  requested: number,
  spilled: number,
  changes: number,
];

export interface Replayed {
  samples: Sample[];
  /** Cells that began or ended, by number. */
  cells: Map<number, CellSpan>;
  /** Time of the last record. */
  time: number;
  levels: Levels;
}

/** One stretch of events, of which at most four samples stay. */
class Stretch {
  first: Sample | undefined;
  #lowest: Sample | undefined;
  #highest: Sample | undefined;
  #last: Sample | undefined;

  add(sample: Sample): void {
    this.first ??= sample;
    if (!this.#lowest || sample[1] < this.#lowest[1]) this.#lowest = sample;
    if (!this.#highest || sample[1] > this.#highest[1]) this.#highest = sample;
    this.#last = sample;
  }

  /** In order of time. */
  kept(): Sample[] {
    const [low, high] = [this.#lowest, this.#highest];
    const ordered = [this.first, low, high, this.#last].filter((s) => s !== undefined);
    return [...new Set(ordered)].sort((a, b) => a[0] - b[0]);
  }
}

/**
 * Replays records over `levels` from the time `since`; at most `most` samples stay (a multiple of 4).
 * Cells whose begin is not in the records get their earlier span from `known`, else begin at `since`.
 */
export function replay(
  events: Uint32Array<ArrayBuffer>,
  levels: Levels,
  since: number,
  most: number,
  known: ReadonlyMap<number, CellSpan>,
): Replayed {
  const count = events.length / EVENT_WORDS;
  const times = new Float64Array(events.buffer, events.byteOffset, events.length / 2);
  const stretchLength = Math.max(1, Math.ceil((count * 4) / most));
  const out: Replayed = { samples: [], cells: new Map(), time: since, levels: { ...levels } };
  let stretch = new Stretch();
  let held = 0;
  for (let i = 0; i < count; i++) {
    const at = i * EVENT_WORDS;
    const kind = events[at]! & 0xff;
    if (kind === EVENT.clock) out.time = Math.max(out.time, times[i * 4 + 1]!);
    else if (kind === EVENT.cellBegin) beginCell(out, events[at + 1]!);
    else if (kind === EVENT.cellEnd) endCell(out, events[at + 1]!, known, since);
    else if (applyLevels(out.levels, kind, events, at)) stretch.add(sampleAt(out.time, out.levels));
    if (++held < stretchLength) continue;
    out.samples.push(...stretch.kept());
    stretch = new Stretch();
    held = 0;
  }
  out.samples.push(...stretch.kept());
  return out;
}

/** The levels at a time. */
export function sampleAt(time: number, levels: Levels): Sample {
  const { live, reserved, requested, spilled, changes } = levels;
  return [time, live, reserved, requested, spilled, changes];
}

function beginCell(out: Replayed, cell: number): void {
  out.cells.set(cell, { cell, begin: out.time });
}

function endCell(
  out: Replayed,
  cell: number,
  known: ReadonlyMap<number, CellSpan>,
  since: number,
): void {
  const begun = out.cells.get(cell) ?? known.get(cell);
  out.cells.set(cell, { cell, begin: begun?.begin ?? since, end: out.time });
}

/** Applies one record; false when it changes no level. */
function applyLevels(levels: Levels, kind: number, events: Uint32Array, at: number): boolean {
  const bytes = events[at + 4]! * GRANULE;
  const comes = kind === EVENT.alloc || kind === EVENT.fetch;
  if (comes || kind === EVENT.free || kind === EVENT.spill) {
    const sign = comes ? 1 : -1;
    levels.live += sign * bytes;
    levels.requested += sign * ((events[at + 7]! >>> 20) * 2 ** 32 + events[at + 5]!);
    // A spilled block that ends has size 0 in its record: the counters tell at the tick's end.
    if (kind === EVENT.spill || kind === EVENT.fetch) levels.spilled -= sign * bytes;
    else levels.changes++;
    return true;
  }
  if (kind !== EVENT.slabNew && kind !== EVENT.slabFree) return false;
  levels.reserved += kind === EVENT.slabNew ? bytes : -bytes;
  return true;
}

/** Time of the first clock among the records. */
export function firstTime(events: Uint32Array<ArrayBuffer>): number | undefined {
  const times = new Float64Array(events.buffer, events.byteOffset, events.length / 2);
  for (let i = 0; i < events.length / EVENT_WORDS; i++) {
    if ((events[i * EVENT_WORDS]! & 0xff) === EVENT.clock) return times[i * 4 + 1];
  }
  return undefined;
}

/** Samples as they are sent. */
export function packSamples(samples: readonly Sample[]): Float64Array<ArrayBuffer> {
  const packed = new Float64Array(samples.length * SAMPLE_VALUES);
  for (const [i, sample] of samples.entries()) packed.set(sample, i * SAMPLE_VALUES);
  return packed;
}

/** Shifts every sample's levels, for a replay that began at an unknown level. */
export function shiftSamples(samples: readonly Sample[], by: Levels): Sample[] {
  return samples.map(([time, live, reserved, requested, spilled, changes]) => [
    time,
    live + by.live,
    reserved + by.reserved,
    requested + by.requested,
    spilled + by.spilled,
    changes + by.changes,
  ]);
}

/** Thins a history to at most `most` samples, keeping each stretch's first, last, lowest and highest. */
export function thin(samples: readonly Sample[], most: number): Sample[] {
  if (samples.length <= most) return [...samples];
  const length = Math.ceil((samples.length * 4) / most);
  const thinned: Sample[] = [];
  for (let from = 0; from < samples.length; from += length) {
    const stretch = new Stretch();
    for (const sample of samples.slice(from, from + length)) stretch.add(sample);
    thinned.push(...stretch.kept());
  }
  return thinned;
}

export type { Sample };
