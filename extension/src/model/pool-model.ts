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
import { BlockTable } from "./blocks.ts";
import { type Buffer, type Decoded, decode } from "./decode.ts";
import { Timeline } from "./timeline.ts";

/**
 * What became of a message: `taken`; `gap` when one before it was missed or no snapshot has come, so that
 * a resync is needed; `waiting` when it came between a gap and the snapshot that mends it; `version` or
 * `malformed` when it can't be read.
 */
export type Outcome = "taken" | "gap" | "waiting" | "version" | "malformed";

const MOST_CELLS = 10_000;

export class PoolModel {
  numbers: PoolNumbers | undefined;
  adapter: MonitorSnapshot["adapter"] = null;
  readonly slabs = new Map<number, SlabInfo>();
  readonly blocks = new BlockTable();
  readonly timeline = new Timeline();
  cells: CellSpan[] = [];
  /** Interned tags by id. */
  readonly tags = new Map<number, string>();
  /** Events that the monitor left out since the last snapshot: the block map lags until the next one. */
  hidden = 0;
  /** The protocol version of a kernel that we can't follow. */
  foreignVersion: number | undefined;
  /** Grows with every message taken. */
  version = 0;
  /** Milliseconds by which this machine's clock is ahead of the kernel's, as far as messages tell. */
  skew = 0;
  #seq: number | undefined;
  #behind = false;

  /** Forgets everything, for another kernel or a restarted one. */
  clear(): void {
    this.numbers = undefined;
    this.adapter = null;
    this.slabs.clear();
    this.blocks.clear();
    this.timeline.clear();
    this.cells = [];
    this.tags.clear();
    this.hidden = 0;
    this.foreignVersion = undefined;
    this.skew = 0;
    this.#seq = undefined;
    this.#behind = false;
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
    if (message.kind === "snapshot") {
      // Its history is thinned: it serves only where our own has a hole.
      if (this.#behind) this.timeline.add(decoded.samples);
      else this.timeline.append(decoded.samples);
      this.#snapshot(message, decoded);
    } else {
      if (this.#behind) return "waiting";
      if (this.#seq === undefined || message.seq !== this.#seq + 1) {
        this.#behind = true;
        return "gap";
      }
      this.timeline.add(decoded.samples);
      this.#delta(message, decoded);
    }
    this.#common(message, now);
    return "taken";
  }

  /** True once a snapshot has come. */
  get known(): boolean {
    return this.numbers !== undefined;
  }

  /** The cell that runs, if any. */
  get running(): CellSpan | undefined {
    const last = this.cells[this.cells.length - 1];
    return last && last.end === undefined ? last : undefined;
  }

  /** The newest moment of which we know, by the kernel's clock: the end of the picture. */
  end(now = Date.now()): number {
    const sample = this.timeline.length > 0 ? this.timeline.time[this.timeline.length - 1]! : 0;
    const cell = this.cells[this.cells.length - 1];
    const cellTime = cell ? (cell.end ?? Math.max(cell.begin, now - this.skew)) : 0;
    return Math.max(sample, cellTime);
  }

  /** The tag's text; undefined where a block has none. */
  tagText(tag: number): string | undefined {
    return tag === 0 ? undefined : (this.tags.get(tag) ?? `#${tag}`);
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

  #snapshot(message: MonitorSnapshot, { words }: Decoded): void {
    this.#behind = false;
    this.hidden = 0;
    this.foreignVersion = undefined;
    this.adapter = message.adapter;
    this.slabs.clear();
    for (const slab of message.slabs) this.slabs.set(slab.id, slab);
    this.blocks.load(words);
    this.cells = message.cells.slice(-MOST_CELLS);
    this.tags.clear();
  }

  #delta(message: MonitorDelta, { words }: Decoded): void {
    if (message.adapter !== undefined) this.adapter = message.adapter;
    this.#spans(message.cells);
    this.hidden += message.hidden;
    // Some events without the others would show blocks that are gone: the snapshot that follows brings all.
    if (this.hidden > 0) return;
    for (let at = 0; at < words.length; at += EVENT_WORDS) {
      this.#slabEvent(words, at);
      this.blocks.apply(words, at);
    }
  }

  #common(message: MonitorMessage, now: number): void {
    this.#seq = message.seq;
    this.numbers = message.numbers;
    const skew = now - message.time;
    this.skew = this.version === 0 || this.skew === 0 ? skew : Math.min(this.skew, skew);
    for (const [id, text] of Object.entries(message.tags)) this.tags.set(Number(id), text);
    this.version++;
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
