// Publishes the pool's books to the pages that watch them (base/monitor-protocol.ts). Runs in the wire
// thread, so that pages see a busy cell's memory move. With no page, or none that is not paused, it
// keeps no timer and reads nothing.
import {
  type Books,
  type CellSpan,
  CONTROL,
  MONITOR_VERSION,
  type MonitorDelta,
  type MonitorMessage,
  type MonitorNote,
  type MonitorSnapshot,
} from "../base/index.ts";
import { RingReader } from "./ring-reader.ts";
import { readBlocks, readNumbers, readSlabs } from "./table-reader.ts";
import {
  firstTime,
  type Levels,
  packSamples,
  type Replayed,
  replay,
  type Sample,
  shiftSamples,
  thin,
} from "./timeline.ts";

export type SendToPage = (commId: string, data: object, buffers?: ArrayBufferView[]) => void;

const TICK_MS = 50;
/** More events than this in a tick are left out, and a snapshot follows. */
const MAX_EVENTS = 16_384;
/** Of events that are left out, so many are read for the timeline: reading them costs the writer its cache. */
const MAX_LOOKED_AT = 2048;
const MAX_SAMPLES = 256;
const MAX_HISTORY = 2048;
const MAX_CELLS = 512;
/** Snapshots that follow hidden events come no closer than this. */
const SNAPSHOT_MS = 500;
const NOTHING: Levels = { live: 0, reserved: 0, requested: 0 };

interface Page {
  seq: number;
  paused: boolean;
}

export class Monitor {
  readonly #books: Books;
  readonly #send: SendToPage;
  readonly #reader: RingReader;
  readonly #pages = new Map<string, Page>();
  readonly #tags = new Map<number, string>();
  #adapter: MonitorSnapshot["adapter"] = null;
  #newTags: Record<string, string> = {};
  #newAdapter = false;
  #cells = new Map<number, CellSpan>();
  #history: Sample[] = [];
  #levels: Levels = NOTHING;
  #time = 0;
  /** The highest level of live when the last message left. */
  #peakLive = 0;
  #lastNumbers = "";
  #behind = false;
  #lastSnapshot = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `send` publishes a comm message with binary buffers; it is called for open comms only. */
  constructor(books: Books, send: SendToPage) {
    this.#books = books;
    this.#send = send;
    this.#reader = new RingReader(books);
  }

  /** A page opened a comm: it gets a snapshot now, and deltas from here on. */
  open(commId: string, _data?: unknown): void {
    this.#pages.set(commId, { seq: 0, paused: false });
    this.#attend(commId);
  }

  /** A page wrote; what is no PanelRequest is ignored. */
  message(commId: string, data: unknown): void {
    const page = this.#pages.get(commId);
    if (!page) return;
    const kind = (data as { kind?: unknown } | null | undefined)?.kind;
    if (kind === "pause") {
      page.paused = true;
      this.#restIfAlone();
    } else if (kind === "resume" || kind === "resync") {
      page.paused = false;
      this.#attend(commId);
    }
  }

  close(commId: string): void {
    this.#pages.delete(commId);
    this.#restIfAlone();
  }

  /** What the pool's thread says beside the books. */
  note(note: MonitorNote): void {
    if (note.type === "tag") {
      this.#tags.set(note.id, note.text);
      this.#newTags[note.id] = note.text;
    } else {
      this.#adapter = note.adapter;
      this.#newAdapter = true;
    }
  }

  dispose(): void {
    this.#pages.clear();
    this.#restIfAlone();
  }

  /** Brings the monitor up to date for a page, and the page up to date with a snapshot. */
  #attend(commId: string): void {
    if (this.#timer) this.#tick();
    else this.#catchUp();
    this.#snapshotTo([commId]);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #restIfAlone(): void {
    if (this.#watching().length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #watching(): string[] {
    return [...this.#pages].filter(([, page]) => !page.paused).map(([commId]) => commId);
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
    this.#keepCells(replayed.cells);
    this.#keepRunningCell(oldest);
    this.#takeNews();
  }

  #tick(): void {
    const watching = this.#watching();
    const began = now();
    const numbers = JSON.stringify(readNumbers(this.#books));
    const news = this.#newAdapter || Object.keys(this.#newTags).length > 0;
    const changed = this.#reader.waiting > 0 || numbers !== this.#lastNumbers || news;
    if (changed) this.#delta(watching);
    this.#time = began; // what comes next happened after this, whatever the last clock record says
    if (this.#behind && began - this.#lastSnapshot >= SNAPSHOT_MS) this.#snapshotTo(watching);
  }

  #delta(watching: readonly string[]): void {
    const many = this.#reader.waiting > MAX_EVENTS;
    const skipped = many ? this.#reader.skip(MAX_LOOKED_AT) : 0;
    const batch = this.#reader.read();
    const lost = skipped + batch.lost;
    const replayed =
      lost > 0
        ? this.#backwards(batch.events, this.#time, MAX_SAMPLES - 4)
        : replay(batch.events, this.#levels, this.#time, MAX_SAMPLES - 4, this.#cells);
    const settled = lost > 0 || this.#reader.waiting === 0;
    this.#levels = settled ? this.#currentLevels() : replayed.levels;
    const { live, reserved, requested } = this.#levels;
    const samples: Sample[] = [...replayed.samples, [now(), live, reserved, requested]];
    if (lost > 0) samples.unshift(...this.#newPeak());
    this.#history.push(...samples);
    if (this.#history.length > MAX_HISTORY) this.#history = thin(this.#history, MAX_HISTORY / 2);
    if (lost > 0) this.#mendCells(replayed.cells);
    this.#keepCells(replayed.cells);
    const tooMany = this.#behind || lost > 0;
    this.#behind = tooMany;
    const message = {
      kind: "delta" as const,
      hidden: tooMany ? batch.count + lost : 0,
      cells: [...replayed.cells.values()],
      ...this.#takeNews(),
    };
    const events = tooMany ? new Uint32Array(0) : batch.events;
    const buffers = [events, packSamples(samples)];
    for (const commId of watching) this.#post(commId, message, buffers);
  }

  /** Replays records before which something is unknown: the levels now are those of the counters. */
  #backwards(events: Uint32Array<ArrayBuffer>, since: number, most: number): Replayed {
    const replayed = replay(events, NOTHING, since, most, this.#cells);
    const current = this.#currentLevels();
    const shift = {
      live: current.live - replayed.levels.live,
      reserved: current.reserved - replayed.levels.reserved,
      requested: current.requested - replayed.levels.requested,
    };
    return { ...replayed, samples: shiftSamples(replayed.samples, shift), levels: current };
  }

  #snapshotTo(commIds: readonly string[]): void {
    if (this.#behind) {
      this.#reader.skip();
      this.#levels = this.#currentLevels();
      this.#behind = false;
    }
    this.#lastSnapshot = now();
    const blocks = readBlocks(this.#books);
    const { live, reserved, requested } = this.#currentLevels();
    const samples: Sample[] = [...this.#history, [now(), live, reserved, requested]];
    const message = {
      kind: "snapshot" as const,
      slabs: readSlabs(this.#books),
      cells: [...this.#cells.values()],
      tags: Object.fromEntries(this.#tags),
      adapter: this.#adapter,
    };
    for (const commId of commIds) this.#post(commId, message, [blocks, packSamples(samples)]);
  }

  #post(
    commId: string,
    body:
      | Omit<MonitorSnapshot, "v" | "seq" | "time" | "numbers">
      | Omit<MonitorDelta, "v" | "seq" | "time" | "numbers">,
    buffers: ArrayBufferView[],
  ): void {
    const page = this.#pages.get(commId);
    if (!page) return;
    const numbers = readNumbers(this.#books);
    this.#lastNumbers = JSON.stringify(numbers);
    this.#peakLive = numbers.peakLive;
    const common = { v: MONITOR_VERSION, seq: page.seq++, time: now(), numbers };
    const message: MonitorMessage = { ...common, ...body };
    this.#send(commId, message, buffers);
  }

  #takeNews(): Pick<MonitorDelta, "tags" | "adapter"> {
    const tags = this.#newTags;
    this.#newTags = {};
    const news = this.#newAdapter ? { tags, adapter: this.#adapter } : { tags };
    this.#newAdapter = false;
    return news;
  }

  #keepCells(cells: ReadonlyMap<number, CellSpan>): void {
    for (const [cell, span] of cells) {
      this.#cells.delete(cell);
      this.#cells.set(cell, span);
    }
    for (const cell of this.#cells.keys()) {
      if (this.#cells.size <= MAX_CELLS) break;
      this.#cells.delete(cell);
    }
  }

  /** The highest level ever, if it is a new one: among records that were left out it would be missed. */
  #newPeak(): Sample[] {
    const { peakLive, reserved, requested } = readNumbers(this.#books);
    if (peakLive <= this.#peakLive) return [];
    return [[this.#time, peakLive, Math.max(reserved, peakLive), requested]];
  }

  /** Cells whose end, or begin, was among records that were left out: adds what the books say to `found`. */
  #mendCells(found: Map<number, CellSpan>): void {
    const running = this.#books.control[CONTROL.cell]!;
    for (const [cell, span] of this.#cells) {
      const open = span.end === undefined && !found.has(cell);
      if (open && cell !== running) found.set(cell, { ...span, end: now() });
    }
    if (running !== 0 && !this.#cells.has(running) && !found.has(running)) {
      found.set(running, { cell: running, begin: this.#time });
    }
  }

  /** The running cell began before the oldest record in the ring. */
  #keepRunningCell(oldest: number): void {
    const cell = this.#books.control[CONTROL.cell]!;
    if (cell !== 0 && !this.#cells.has(cell)) this.#cells.set(cell, { cell, begin: oldest });
  }

  #currentLevels(): Levels {
    const { live, reserved, requested } = readNumbers(this.#books);
    return { live, reserved, requested };
  }
}

const now = () => performance.timeOrigin + performance.now();
