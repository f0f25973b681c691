// The samples of the pool's levels over time. A sample holds until the next one.
// Beside its time each sample has a place on the panel's axis, on which a wait without any change is at
// most GAP_MS wide, so that a notebook that is worked on now and then still fills the picture.
// Memory is bounded: when the store is full, every four samples become two, the lowest and the highest.
import { SAMPLE_VALUES } from "../../../kernel/src/base/monitor-protocol.ts";

/** The widest that a wait without changes is drawn, in milliseconds. */
export const GAP_MS = 3000;
const FIRST_CAPACITY = 4096;
const MOST_SAMPLES = 1 << 17;

/** Bytes, but for `time` (milliseconds since the epoch) and `changes` (allocations and frees until then). */
export type Sample = Record<"time" | Level, number>;
type Level = (typeof LEVELS)[number];
/** In the order of a sample's values, behind the time. */
const LEVELS = ["live", "reserved", "requested", "spilled", "changes"] as const;
type Column = "time" | "place" | Level;
const COLUMNS: readonly Column[] = ["time", "place", ...LEVELS];

export class Timeline {
  #most: number;
  /** Milliseconds since the epoch. */
  time = new Float64Array(FIRST_CAPACITY);
  /** Place on the axis, in milliseconds. */
  place = new Float64Array(FIRST_CAPACITY);
  live = new Float64Array(FIRST_CAPACITY);
  reserved = new Float64Array(FIRST_CAPACITY);
  requested = new Float64Array(FIRST_CAPACITY);
  spilled = new Float64Array(FIRST_CAPACITY);
  changes = new Float64Array(FIRST_CAPACITY);
  length = 0;
  /** Samples that were merged into others to bound the memory. */
  merged = 0;

  /** `most`: samples kept before neighbours are merged. */
  constructor(most = MOST_SAMPLES) {
    this.#most = Math.max(8, most);
  }

  clear(): void {
    this.length = 0;
    this.merged = 0;
  }

  /** Appends samples (SAMPLE_VALUES f64 each). Those that we hold from the first one's time on are replaced. */
  add(samples: Float64Array): void {
    if (samples.length === 0) return;
    this.length = this.indexBefore(samples[0]!) + 1;
    for (let at = 0; at < samples.length; at += SAMPLE_VALUES) {
      this.#push(samples, at);
    }
  }

  /** Appends those samples that are newer than all that we hold. */
  append(samples: Float64Array): void {
    const last = this.length > 0 ? this.time[this.length - 1]! : Number.NEGATIVE_INFINITY;
    let at = 0;
    while (at < samples.length && samples[at]! <= last) at += SAMPLE_VALUES;
    this.add(samples.subarray(at));
  }

  /** Index of the last sample whose time is before `time`; −1 where there is none. */
  indexBefore(time: number): number {
    return lastBelow(this.time, this.length, time);
  }

  /** The sample that holds at `time`, or undefined before the first. */
  at(time: number): Sample | undefined {
    const i = lastBelow(this.time, this.length, nextUp(time));
    if (i < 0) return undefined;
    return {
      time: this.time[i]!,
      live: this.live[i]!,
      reserved: this.reserved[i]!,
      requested: this.requested[i]!,
      spilled: this.spilled[i]!,
      changes: this.changes[i]!,
    };
  }

  /** Place of a time on the axis. */
  placeOf(time: number): number {
    if (this.length === 0) return time;
    const i = this.indexBefore(time);
    if (i < 0) return this.place[0]! - Math.min(this.time[0]! - time, GAP_MS);
    const since = time - this.time[i]!;
    if (i === this.length - 1) return this.place[i]! + Math.min(since, GAP_MS);
    const span = this.time[i + 1]! - this.time[i]!;
    return this.place[i]! + (since / span) * (this.place[i + 1]! - this.place[i]!);
  }

  /** Time at a place on the axis: the inverse of placeOf within the samples. */
  timeOf(place: number): number {
    if (this.length === 0) return place;
    const i = lastBelow(this.place, this.length, place);
    if (i < 0) return this.time[0]! - (this.place[0]! - place);
    const since = place - this.place[i]!;
    if (i === this.length - 1) return this.time[i]! + since;
    const width = this.place[i + 1]! - this.place[i]!;
    return this.time[i]! + (since / width) * (this.time[i + 1]! - this.time[i]!);
  }

  #push(samples: Float64Array, at: number): void {
    if (this.length >= this.#most) this.#halve();
    if (this.length === this.time.length) this.#grow();
    const i = this.length++;
    const time = samples[at]!;
    const wait = i === 0 ? 0 : Math.max(0, time - this.time[i - 1]!);
    this.time[i] = i === 0 ? time : this.time[i - 1]! + wait;
    this.place[i] = i === 0 ? time : this.place[i - 1]! + Math.min(wait, GAP_MS);
    for (const [k, level] of LEVELS.entries()) this[level][i] = samples[at + 1 + k]!;
  }

  #grow(): void {
    for (const column of COLUMNS) {
      const longer = new Float64Array(this[column].length * 2);
      longer.set(this[column]);
      this[column] = longer;
    }
  }

  /** Keeps of every four samples the one with the least and the one with the most live bytes. */
  #halve(): void {
    let to = 0;
    for (let from = 0; from < this.length; from += 4) {
      const end = Math.min(from + 4, this.length);
      let low = from;
      let high = from;
      for (let i = from + 1; i < end; i++) {
        if (this.live[i]! < this.live[low]!) low = i;
        if (this.live[i]! >= this.live[high]!) high = i;
      }
      this.#move(Math.min(low, high), to++);
      if (low !== high) this.#move(Math.max(low, high), to++);
    }
    this.merged += this.length - to;
    this.length = to;
  }

  #move(from: number, to: number): void {
    for (const column of COLUMNS) this[column][to] = this[column][from]!;
  }
}

/** Index of the last of the first `length` ascending values that is below `limit`; −1 where there is none. */
function lastBelow(values: Float64Array, length: number, limit: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A value just above a time in milliseconds (times have far coarser steps than this). */
function nextUp(time: number): number {
  return time + 1e-4;
}
