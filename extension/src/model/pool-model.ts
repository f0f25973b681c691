// What the panel knows of one kernel's pool, rebuilt from the monitor's messages. It decides which message
// fits (sequence, version) and leaves sending, drawing and words to others. No DOM.
import { EVENT, EVENT_WORDS, GRANULE } from "../../../kernel/src/base/books.ts";
import type {
  CellSpan,
  MonitorDelta,
  MonitorMessage,
  MonitorSnapshot,
  PoolNumbers,
  SlabInfo,
} from "../../../kernel/src/base/monitor-protocol.ts";
import type { AdapterNote, MarkNote, WhatNote } from "../../../kernel/src/base/outlet.ts";
import { BlockTable } from "./blocks.ts";
import { type Buffer, type Decoded, decode } from "./decode.ts";
import { EventLog, slabsBefore, tableBefore } from "./event-log.ts";
import { LiveGroups } from "./live-groups.ts";
import { Timeline } from "./timeline.ts";

/**
 * What became of a message: `taken`; `gap` when one before it was missed or no snapshot has come, so that
 * a resync is needed; `waiting` when it came between a gap and the snapshot that mends it; `version` or
 * `malformed` when it can't be read.
 */
export type Outcome = "taken" | "gap" | "waiting" | "version" | "malformed";

const MOST_CELLS = 10_000;
/** The latest marks that are kept. */
const MOST_MARKS = 512;

export class PoolModel {
  numbers: PoolNumbers | undefined;
  adapter: AdapterNote | null = null;
  readonly slabs = new Map<number, SlabInfo>();
  /** The blocks below, summed up. */
  readonly groups = new LiveGroups();
  readonly blocks = new BlockTable(this.groups);
  readonly timeline = new Timeline();
  /** The records that led to the blocks, as far back as the page knows them. */
  readonly log = new EventLog();
  /** Moments that code has named; their `head` is an index of the log's. */
  marks: MarkNote[] = [];
  cells: CellSpan[] = [];
  /** Interned tags by id. */
  readonly tags = new Map<number, string>();
  /** What blocks hold, by row: of the block that has this generation. */
  readonly #whats = new Map<number, WhatNote>();
  /** Events that the monitor left out since the last snapshot: the block map lags until the next one. */
  hidden = 0;
  /** The protocol version of a kernel that we can't follow. */
  foreignVersion: number | undefined;
  /** Grows when everything is forgotten. */
  life = 0;
  /** Grows with every message taken. */
  version = 0;
  /** Milliseconds by which this machine's clock is ahead of the kernel's, as far as messages tell. */
  skew = 0;
  /** Whether more than the numbers is known: a snapshot has come. */
  detailed = false;
  /** Whether blocks, cells and marks are those of now, as far as `hidden` allows: nothing was missed since a snapshot. */
  current = false;
  #seq: number | undefined;
  #behind = false;

  /** Forgets everything, for another kernel or a restarted one. */
  clear(): void {
    this.life++;
    this.numbers = undefined;
    this.adapter = null;
    this.slabs.clear();
    this.blocks.clear();
    this.timeline.clear();
    this.log.restart(0, new BlockTable(), []);
    this.marks = [];
    this.cells = [];
    this.tags.clear();
    this.#whats.clear();
    this.hidden = 0;
    this.foreignVersion = undefined;
    this.skew = 0;
    this.#seq = undefined;
    this.#behind = false;
    this.detailed = false;
    this.current = false;
    this.version++;
  }

  /** Takes one comm message. `now`: this machine's clock in milliseconds, to compare with the kernel's. */
  take(data: unknown, buffers: readonly Buffer[], now = Date.now()): Outcome {
    const decoded = decode(data, buffers);
    if (!("message" in decoded)) {
      if (decoded.version > 0) this.foreignVersion = decoded.version;
      return decoded.version > 0 ? "version" : "malformed";
    }
    const { message } = decoded;
    if (message.kind === "summary") {
      this.current = false;
      this.adapter = message.adapter;
    } else if (message.kind === "snapshot") {
      // Its history is thinned: it serves only where our own has a hole.
      if (this.#behind) this.timeline.add(decoded.samples);
      else this.timeline.append(decoded.samples);
      this.#snapshot(message, decoded);
    } else {
      if (this.#behind) return "waiting";
      if (this.#seq === undefined || message.seq !== this.#seq + 1) {
        this.#behind = true;
        this.current = false;
        return "gap";
      }
      this.timeline.add(decoded.samples);
      this.#delta(message, decoded);
    }
    this.#common(message, now);
    return "taken";
  }

  /** True once numbers have come. */
  get known(): boolean {
    return this.numbers !== undefined;
  }

  /** The cell that runs, if any. */
  get running(): CellSpan | undefined {
    const last = this.cells[this.cells.length - 1];
    return last && last.end === undefined ? last : undefined;
  }

  /** The notebook's own name of the cell that ran under a number, where the kernel knows it. */
  idOf(cell: number): string | undefined {
    return this.cells.findLast((span) => span.cell === cell)?.id;
  }

  /**
   * The run of a cell that had this number, else the latest of the cell that has this name: under its number
   * another one may have run, in a kernel that was started since. By number only where one side knows no name.
   */
  spanOf(wanted: { cell: number; id: string | undefined }): CellSpan | undefined {
    const byNumber = this.cells.findLast(({ cell }) => cell === wanted.cell);
    if (wanted.id === undefined || (byNumber && (byNumber.id ?? wanted.id) === wanted.id)) {
      return byNumber;
    }
    return this.cells.findLast(({ id }) => id === wanted.id);
  }

  /** The kernel's clock, as far as messages tell: milliseconds since the epoch. */
  now(now = Date.now()): number {
    return now - this.skew;
  }

  /** The newest moment of which we know, by the kernel's clock: the end of the picture. */
  end(now = Date.now()): number {
    const sample = this.timeline.length > 0 ? this.timeline.time[this.timeline.length - 1]! : 0;
    const cell = this.cells[this.cells.length - 1];
    const cellTime = cell ? (cell.end ?? Math.max(cell.begin, this.now(now))) : 0;
    return Math.max(sample, cellTime);
  }

  /** The tag's text; undefined where a block has none. */
  tagText(tag: number): string | undefined {
    return tag === 0 ? undefined : (this.tags.get(tag) ?? `#${tag}`);
  }

  /** What the block of a row of `blocks` holds ("column delay int16[3000000]"), where that was said. */
  whatText(blocks: BlockTable, id: number): string | undefined {
    const [, generation, text] = this.#whats.get(id) ?? [];
    return generation === blocks.generation[id] ? text : undefined;
  }

  /**
   * Share of the free reserved bytes that the largest hole does not reach: 0 when free memory is in one
   * piece, near 1 when it is in crumbs.
   */
  get fragmentation(): number {
    if (!this.numbers) return 0;
    const free = this.numbers.reserved - this.numbers.live;
    return free <= 0 ? 0 : Math.max(0, 1 - this.numbers.largestFree / free);
  }

  #snapshot(message: MonitorSnapshot, { words, records }: Decoded): void {
    const head = this.#indexOf(message.head);
    const first = head - records.length / EVENT_WORDS;
    // What is new and whose allocation isn't among the records came after all that was known, if anything was.
    this.blocks.load(words, this.detailed ? first : 0);
    const follows = this.detailed && first <= this.log.end && this.log.end <= head;
    if (follows) {
      this.log.append(records.subarray((this.log.end - first) * EVENT_WORDS), this.log.lastTime);
    } else {
      const before = records.length > 0 ? tableBefore(records, this.blocks) : this.blocks.clone();
      this.log.restart(first, before, slabsBefore(records, message.slabs));
      this.log.append(records, firstTime(records) ?? message.time);
    }
    this.#births(first, head);
    this.#behind = false;
    this.detailed = true;
    this.current = true;
    this.hidden = 0;
    this.foreignVersion = undefined;
    this.adapter = message.adapter;
    this.slabs.clear();
    for (const slab of message.slabs) this.slabs.set(slab.id, slab);
    this.cells = message.cells.slice(-MOST_CELLS);
    this.tags.clear();
    this.#tagTexts(message.tags);
    this.marks = [];
    this.#addMarks(message.marks);
    this.#whats.clear();
    this.#addWhats(message.whats);
  }

  /** Tells the blocks when they were allocated, as far as the log's records from `from` to `to` say. */
  #births(from: number, to: number): void {
    const born = new Map<number, [time: number, index: number]>();
    this.log.forEach(from, to, (words, at, index, time) => {
      const kind = words[at]! & 0xff;
      if (kind === EVENT.alloc) born.set(words[at + 1]!, [time, index]);
      else if (kind === EVENT.free) born.delete(words[at + 1]!);
    });
    for (const [id, [time, index]] of born) this.blocks.setBirth(id, time, index);
  }

  #delta(message: MonitorDelta, { words }: Decoded): void {
    if (message.adapter !== undefined) this.adapter = message.adapter;
    this.#tagTexts(message.tags);
    this.#spans(message.cells);
    this.#addMarks(message.marks ?? []);
    this.#addWhats(message.whats ?? []);
    this.hidden += message.hidden;
    // Some events without the others would show blocks that are gone: the snapshot that follows brings all.
    if (this.hidden > 0) return;
    const from = this.log.end;
    this.log.append(words, message.since);
    this.log.forEach(from, this.log.end, (events, at, index, time) => {
      this.#slabEvent(events, at);
      this.blocks.apply(events, at, index, time);
    });
  }

  #common(message: MonitorMessage, now: number): void {
    this.#seq = message.seq;
    this.numbers = message.numbers;
    const skew = now - message.time;
    this.skew = this.version === 0 || this.skew === 0 ? skew : Math.min(this.skew, skew);
    this.version++;
  }

  #tagTexts(tags: Record<string, string>): void {
    for (const [id, text] of Object.entries(tags)) this.tags.set(Number(id), text);
  }

  #addMarks(marks: readonly MarkNote[]): void {
    const added = marks.map((mark) => ({ ...mark, head: this.#indexOf(mark.head) }));
    if (added.length > 0) this.marks = [...this.marks, ...added].slice(-MOST_MARKS);
  }

  #addWhats(whats: readonly WhatNote[]): void {
    for (const what of whats) this.#whats.set(what[0], what);
  }

  /** The index of a head of the kernel's, which counts modulo 2^32. */
  #indexOf(head: number): number {
    return this.detailed ? this.log.end + ((head - this.log.end) | 0) : head;
  }

  #slabEvent(events: Uint32Array, at: number): void {
    const kind = events[at]! & 0xff;
    const id = events[at + 1]!;
    if (kind === EVENT.slabNew) this.slabs.set(id, { id, bytes: events[at + 4]! * GRANULE });
    else if (kind === EVENT.slabFree) this.slabs.delete(id);
  }

  /** Adds cells that began, and the ends of those that we have. */
  #spans(spans: readonly CellSpan[]): void {
    for (const span of spans) {
      const at = this.cells.findLastIndex(
        ({ cell, begin }) => cell === span.cell && begin === span.begin,
      );
      if (at >= 0) this.cells[at] = span;
      else this.cells.push(span);
    }
    if (this.cells.length > MOST_CELLS) this.cells = this.cells.slice(-MOST_CELLS);
  }
}

/** Time of the first clock among records. Milliseconds since the epoch. */
function firstTime(records: Uint32Array): number | undefined {
  const times = new Float64Array(records.buffer, records.byteOffset, records.length / 2);
  for (let at = 0; at < records.length; at += EVENT_WORDS) {
    if ((records[at]! & 0xff) === EVENT.clock) return times[at / 2 + 1];
  }
  return undefined;
}
