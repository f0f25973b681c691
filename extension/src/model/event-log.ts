// The pool's records that the page has seen, in order and without a gap, and the table before the first of
// them: whatever happened in between can be worked out again. Memory is bounded: the oldest records become
// part of the table before.
import { BLOCK_STATE, EVENT, EVENT_WORDS, GRANULE } from "../../../kernel/src/base/books.ts";
import type { SlabInfo } from "../../../kernel/src/base/monitor-protocol.ts";
import { BlockTable } from "./blocks.ts";

const CHUNK = 1 << 14;
/** Records that are kept: 40 MiB. */
export const MOST_RECORDS = 1 << 20;

interface Chunk {
  words: Uint32Array;
  /** Milliseconds since the epoch. */
  time: Float64Array;
}

/** What is called with each record: where its words begin, its index and its time. */
export type Each = (words: Uint32Array, at: number, index: number, time: number) => void;

export class EventLog {
  /** Index of the first record, and the one behind the last. They count from the kernel's beginning. */
  begin = 0;
  end = 0;
  /** Grows when the log begins anew: what was worked out from it holds no more. */
  epoch = 0;
  /** The blocks and slabs before the first record. */
  before = new BlockTable();
  slabsBefore = new Map<number, number>();
  readonly #most: number;
  #chunks: Chunk[] = [];
  /** Index of the first record that chunk 0 has room for. */
  #origin = 0;
  #time = 0;

  /** `most`: records kept, at least. */
  constructor(most = MOST_RECORDS) {
    this.#most = most;
  }

  /** Begins anew at `index`, with what is there then. Takes the table, which must not change any more. */
  restart(index: number, blocks: BlockTable, slabs: Iterable<SlabInfo>): void {
    this.before = blocks;
    this.slabsBefore = new Map([...slabs].map(({ id, bytes }) => [id, bytes]));
    this.#origin = this.begin = this.end = index;
    this.#chunks = [];
    this.#time = 0;
    this.epoch++;
  }

  /** Time of the last record, 0 where there is none. Milliseconds since the epoch. */
  get lastTime(): number {
    return this.#time;
  }

  /** Appends records that happened after `since` (milliseconds since the epoch). */
  append(records: Uint32Array, since: number): void {
    const times = new Float64Array(records.buffer, records.byteOffset, records.length / 2);
    this.#time = Math.max(this.#time, since);
    for (let at = 0; at < records.length; at += EVENT_WORDS) {
      if ((records[at]! & 0xff) === EVENT.clock) {
        this.#time = Math.max(this.#time, times[at / 2 + 1]!);
      }
      this.#push(records, at);
    }
    while (this.end - this.begin > this.#most + CHUNK) this.#forget();
  }

  /** Calls `each` for the records from index `from` up to, but not at, `to`. */
  forEach(from: number, to: number, each: Each): void {
    const last = Math.min(to, this.end);
    for (let index = Math.max(from, this.begin); index < last; index++) {
      const slot = index - this.#origin;
      const { words, time } = this.#chunks[Math.floor(slot / CHUNK)]!;
      const i = slot % CHUNK;
      each(words, i * EVENT_WORDS, index, time[i]!);
    }
  }

  /** Time of a record, milliseconds since the epoch; of those that are not kept, that of the nearest. */
  timeOf(index: number): number {
    if (this.begin === this.end) return this.#time;
    const slot = Math.min(Math.max(index, this.begin), this.end - 1) - this.#origin;
    return this.#chunks[Math.floor(slot / CHUNK)]!.time[slot % CHUNK]!;
  }

  /** Index of the first record that happened after `time`; `end` where there is none. */
  indexAfter(time: number): number {
    let low = this.begin;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.timeOf(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #push(records: Uint32Array, at: number): void {
    const slot = this.end - this.#origin;
    if (slot === this.#chunks.length * CHUNK) {
      this.#chunks.push({
        words: new Uint32Array(CHUNK * EVENT_WORDS),
        time: new Float64Array(CHUNK),
      });
    }
    const chunk = this.#chunks[Math.floor(slot / CHUNK)]!;
    const i = slot % CHUNK;
    chunk.words.set(records.subarray(at, at + EVENT_WORDS), i * EVENT_WORDS);
    chunk.time[i] = this.#time;
    this.end++;
  }

  /** Makes the oldest chunk's records part of the table before. */
  #forget(): void {
    const next = this.#origin + CHUNK;
    this.forEach(this.begin, next, (words, at, index, time) => {
      this.before.apply(words, at, index, time);
      applySlab(this.slabsBefore, words, at);
    });
    this.#chunks.shift();
    this.#origin = this.begin = next;
  }
}

/** Applies a record to the slabs' sizes in bytes by id; those that don't concern slabs are passed over. */
export function applySlab(slabs: Map<number, number>, words: Uint32Array, at: number): void {
  const kind = words[at]! & 0xff;
  if (kind === EVENT.slabNew) slabs.set(words[at + 1]!, words[at + 4]! * GRANULE);
  else if (kind === EVENT.slabFree) slabs.delete(words[at + 1]!);
}

const OF_BLOCKS: ReadonlySet<number> = new Set([
  ...[EVENT.alloc, EVENT.free, EVENT.move, EVENT.spill, EVENT.fetch],
]);

/**
 * The table before records that led to `now`, as far as they tell: where a block lay before its first move
 * is not known, and it is put where that move took it.
 */
export function tableBefore(records: Uint32Array, now: BlockTable): BlockTable {
  const before = new BlockTable();
  const seen = new Set<number>();
  for (let at = 0; at < records.length; at += EVENT_WORDS) {
    const kind = records[at]! & 0xff;
    const id = records[at + 1]!;
    if (!OF_BLOCKS.has(kind) || seen.has(id)) continue;
    seen.add(id);
    if (kind === EVENT.alloc) continue;
    const first = records.slice(at, at + EVENT_WORDS);
    const away = kind === EVENT.fetch || (kind === EVENT.free && first[4] === 0);
    if (away) first[2] = first[3] = 0;
    first[0] = (away ? EVENT.spill : EVENT.alloc) | (first[0]! & ~0xff);
    before.apply(first, 0);
    before.setBirth(id, Number.NaN, 0);
  }
  for (let id = 0; id < now.rows; id++) {
    if (now.state[id] !== BLOCK_STATE.none && !seen.has(id)) before.copyRow(now, id);
  }
  return before;
}

/** The slabs before records that led to `now`. */
export function slabsBefore(records: Uint32Array, now: Iterable<SlabInfo>): SlabInfo[] {
  const slabs = new Map([...now].map(({ id, bytes }) => [id, bytes]));
  for (let at = records.length - EVENT_WORDS; at >= 0; at -= EVENT_WORDS) {
    const kind = records[at]! & 0xff;
    if (kind === EVENT.slabNew) slabs.delete(records[at + 1]!);
    else if (kind === EVENT.slabFree) slabs.set(records[at + 1]!, records[at + 4]! * GRANULE);
  }
  return [...slabs].map(([id, bytes]) => ({ id, bytes }));
}
