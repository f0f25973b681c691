// Publishes the pool's books to the pages that watch them (base/monitor-protocol.ts). Runs in the wire
// thread, so that pages see a busy cell's memory move. With no page, or none that looks, it keeps no timer
// and reads nothing; for pages that want the numbers only it reads nothing but the counters.
import type {
  Books,
  MonitorDelta,
  MonitorNote,
  MonitorSnapshot,
  MonitorSummary,
} from "../base/index.ts";
import { CellSpans } from "./cell-spans.ts";
import { News } from "./news.ts";
import { type Body, type Look, Pages, type SendToPage } from "./pages.ts";
import { RingReader } from "./ring-reader.ts";
import { readBlocks, readNumbers, readSlabs } from "./table-reader.ts";
import {
  firstTime,
  type Levels,
  packSamples,
  type Replayed,
  replay,
  type Sample,
  sampleAt,
  shiftSamples,
  thin,
} from "./timeline.ts";

const TICK_MS = 50;
const SUMMARY_MS = 1000;
/** More events than this in a tick are left out, and a snapshot follows. */
const MAX_EVENTS = 16_384;
/** Of events that are left out, so many are read for the timeline: reading them costs the writer its cache. */
const MAX_LOOKED_AT = 2048;
const MAX_SAMPLES = 256;
const MAX_HISTORY = 2048;
/** Records of the past that a page gets when it comes: 2 MiB. */
const MAX_PAST = 65_536;
/** Snapshots that follow hidden events come no closer than this. */
const SNAPSHOT_MS = 500;
const NOTHING: Levels = { live: 0, reserved: 0, requested: 0, spilled: 0, changes: 0 };

const LOOKS: Readonly<Record<string, Look>> = {
  resync: "all",
  resume: "all",
  summary: "summary",
  pause: "nothing",
};

export class Monitor {
  readonly #books: Books;
  readonly #reader: RingReader;
  readonly #pages: Pages;
  readonly #cells: CellSpans;
  readonly #news = new News();
  #history: Sample[] = [];
  #levels: Levels = NOTHING;
  #time = 0;
  /** The highest level of live when the last message left. */
  #peakLive = 0;
  #lastNumbers = "";
  #lastSummary = "";
  #behind = false;
  #lastSnapshot = 0;
  #ticks: NodeJS.Timeout | undefined;
  #summaries: NodeJS.Timeout | undefined;

  /** `send` publishes a comm message with binary buffers; it is called for open comms only. */
  constructor(books: Books, send: SendToPage) {
    this.#books = books;
    this.#reader = new RingReader(books);
    this.#pages = new Pages(send);
    this.#cells = new CellSpans(books);
  }

  /** A page opened a comm: it gets a snapshot now and deltas from here on, or summaries if it asks for them. */
  open(commId: string, data?: unknown): void {
    const look = lookOf(data) === "summary" ? "summary" : "all";
    this.#look(commId, look, true);
  }

  /** A page wrote; what is no PanelRequest is ignored. */
  message(commId: string, data: unknown): void {
    const look = lookOf(data);
    if (look !== undefined && this.#pages.has(commId)) this.#look(commId, look, false);
  }

  close(commId: string): void {
    this.#pages.delete(commId);
    this.#rest();
  }

  /** What the pool's thread says beside the books. */
  note(note: MonitorNote): void {
    if (note.type === "cell") this.#cells.name(note.cell, note.id);
    else this.#news.add(note);
  }

  dispose(): void {
    this.#pages.clear();
    this.#rest();
  }

  #look(commId: string, look: Look, fresh: boolean): void {
    // Before the page is among those that look: what comes before its snapshot is not for it.
    if (look === "all") this.#comeUpToDate();
    this.#pages.set(commId, look, fresh);
    this.#rest();
    if (look === "all") {
      this.#snapshotTo([commId], MAX_PAST);
      this.#ticks ??= setInterval(() => this.#tick(), TICK_MS).unref();
    } else if (look === "summary") {
      this.#summarise([commId]);
      this.#summaries ??= setInterval(() => this.#summariseChange(), SUMMARY_MS).unref();
    }
  }

  #comeUpToDate(): void {
    if (this.#ticks) this.#tick();
    else this.#catchUp();
  }

  /** Ends the timers that serve nobody. */
  #rest(): void {
    if (this.#pages.looking("all").length === 0) {
      clearInterval(this.#ticks);
      this.#ticks = undefined;
    }
    if (this.#pages.looking("summary").length === 0) {
      clearInterval(this.#summaries);
      this.#summaries = undefined;
    }
  }

  #summariseChange(): void {
    const shown = JSON.stringify([readNumbers(this.#books), this.#news.adapter]);
    if (shown === this.#lastSummary) return;
    this.#lastSummary = shown;
    this.#summarise(this.#pages.looking("summary"));
  }

  #summarise(commIds: readonly string[]): void {
    const body: Body<MonitorSummary> = { kind: "summary", adapter: this.#news.adapter };
    const numbers = readNumbers(this.#books);
    for (const commId of commIds) this.#pages.post(commId, now(), numbers, body, []);
  }

  /** After a time without pages: reads what the ring still holds, and works the levels out backwards. */
  #catchUp(): void {
    const began = now();
    this.#reader.rewind();
    const { events } = this.#reader.read();
    const oldest = firstTime(events) ?? now();
    const replayed = this.#backwards(events, oldest, MAX_HISTORY);
    this.#history = replayed.samples;
    this.#levels = replayed.levels;
    this.#time = began;
    this.#behind = false;
    this.#cells.keep(replayed.cells);
    this.#cells.keepRunning(oldest);
    this.#news.take();
  }

  #tick(): void {
    const watching = this.#pages.looking("all");
    const began = now();
    const numbers = JSON.stringify(readNumbers(this.#books));
    const changed = this.#reader.waiting > 0 || numbers !== this.#lastNumbers || this.#news.any;
    if (changed) this.#delta(watching);
    this.#time = began; // what comes next happened after this, whatever the last clock record says
    if (this.#behind && began - this.#lastSnapshot >= SNAPSHOT_MS) this.#snapshotTo(watching, 0);
  }

  #delta(watching: readonly string[]): void {
    const many = this.#reader.waiting > MAX_EVENTS;
    const skipped = many ? this.#reader.skip(MAX_LOOKED_AT) : 0;
    const batch = this.#reader.read();
    const from = (this.#reader.cursor - batch.count) >>> 0;
    const lost = skipped + batch.lost;
    const replayed =
      lost > 0
        ? this.#backwards(batch.events, this.#time, MAX_SAMPLES - 4)
        : replay(batch.events, this.#levels, this.#time, MAX_SAMPLES - 4, this.#cells.known);
    const settled = lost > 0 || this.#reader.waiting === 0;
    this.#levels = settled ? this.#currentLevels() : replayed.levels;
    const samples: Sample[] = [...replayed.samples, sampleAt(now(), this.#levels)];
    if (lost > 0) samples.unshift(...this.#newPeak());
    this.#history.push(...samples);
    if (this.#history.length > MAX_HISTORY) this.#history = thin(this.#history, MAX_HISTORY / 2);
    if (lost > 0) this.#cells.mend(replayed.cells, this.#time, now());
    this.#cells.keep(replayed.cells);
    const tooMany = this.#behind || lost > 0;
    this.#behind = tooMany;
    const body: Body<MonitorDelta> = {
      kind: "delta",
      from,
      since: this.#time,
      hidden: tooMany ? batch.count + lost : 0,
      cells: this.#cells.named(replayed.cells),
      ...this.#news.take(),
    };
    const events = tooMany ? new Uint32Array(0) : batch.events;
    this.#post(watching, body, [events, packSamples(samples)]);
  }

  /** Replays records before which something is unknown: the levels now are those of the counters. */
  #backwards(events: Uint32Array<ArrayBuffer>, since: number, most: number): Replayed {
    const replayed = replay(events, NOTHING, since, most, this.#cells.known);
    const current = this.#currentLevels();
    const shift = Object.fromEntries(
      Object.entries(current).map(([name, level]) => [
        name,
        level - replayed.levels[name as keyof Levels],
      ]),
    ) as unknown as Levels;
    return { ...replayed, samples: shiftSamples(replayed.samples, shift), levels: current };
  }

  /** Sends snapshots with at most `past` records of what came before. */
  #snapshotTo(commIds: readonly string[], past: number): void {
    if (this.#behind) {
      this.#reader.skip();
      this.#levels = this.#currentLevels();
      this.#behind = false;
    }
    this.#lastSnapshot = now();
    const records = this.#reader.past(past);
    const blocks = readBlocks(this.#books);
    const samples = [...this.#history, sampleAt(now(), this.#currentLevels())];
    const body: Body<MonitorSnapshot> = {
      kind: "snapshot",
      head: this.#reader.cursor,
      slabs: readSlabs(this.#books),
      cells: this.#cells.all(),
      ...this.#news.all(),
    };
    this.#post(commIds, body, [blocks, packSamples(samples), records]);
  }

  #post(
    commIds: readonly string[],
    body: Body<MonitorSnapshot> | Body<MonitorDelta>,
    buffers: ArrayBufferView[],
  ): void {
    const numbers = readNumbers(this.#books);
    this.#lastNumbers = JSON.stringify(numbers);
    this.#peakLive = numbers.peakLive;
    for (const commId of commIds) this.#pages.post(commId, now(), numbers, body, buffers);
  }

  /** The highest level ever, if it is a new one: among records that were left out it would be missed. */
  #newPeak(): Sample[] {
    const { peakLive } = readNumbers(this.#books);
    if (peakLive <= this.#peakLive) return [];
    const levels = this.#currentLevels();
    const reserved = Math.max(levels.reserved, peakLive);
    return [sampleAt(this.#time, { ...levels, live: peakLive, reserved })];
  }

  #currentLevels(): Levels {
    const numbers = readNumbers(this.#books);
    const { live, reserved, requested } = numbers;
    const spilled = numbers.spilledBytes + numbers.diskBytes;
    return { live, reserved, requested, spilled, changes: numbers.allocations + numbers.frees };
  }
}

/** How closely a request wants to look; undefined for what is no request. */
function lookOf(data: unknown): Look | undefined {
  const kind = (data as { kind?: unknown } | null | undefined)?.kind;
  return typeof kind === "string" && Object.hasOwn(LOOKS, kind) ? LOOKS[kind] : undefined;
}

const now = () => performance.timeOrigin + performance.now();
