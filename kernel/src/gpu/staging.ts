// Host memory that the GPU copies from: a ring of mapped pages. Data is written to a page, a copy out of it is
// recorded in the open encoder, and after the submit the page maps itself again. Pages stay warm, which
// matters: fresh ones cost several times the copy. Whether a page is mapped is asked of the buffer, because a
// terminated cell may take the callback of its promise with it.
import { MAP, USAGE } from "./usage.ts";

export const PAGE_BYTES = 8 * 2 ** 20;
const MOST_PAGES = 32;
const FEWEST_PAGES = 4;
/** The pages together take at most this share of the budget. */
const BUDGET_SHARE = 1 / 16;
/** Pages that are filled before they are submitted, where the GPU's copying takes nothing from the host's. */
const SUBMIT_PAGES = 4;

/** Small requests share a view of this size; larger ones have one of their own. */
const WINDOW_BYTES = 64 * 1024;

interface Page {
  readonly buffer: GPUBuffer;
  /**
   * A view of the page's bytes from `from` on. The engine counts the bytes of all views there are as garbage to
   * come, so no more of a page is viewed than is written, and no longer.
   */
  window: Uint8Array;
  from: number;
  used: number;
  /** Settles when the page is mapped again, or never will be. */
  mapping: Promise<void>;
}

/** Room in a page: bytes of the buffer from `offset`, to be written through the view. */
export interface Room {
  buffer: GPUBuffer;
  offset: number;
  view: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export interface RingOptions {
  /** Bytes of the pool's budget. */
  budget: number;
  /** Whether a processor does the adapter's work: then filling and the GPU's copying compete. */
  software: boolean;
  /** Is told of bytes that staging takes, or gives back (negative). */
  count: (bytes: number) => void;
}

export class UploadRing {
  readonly #device: GPUDevice;
  readonly #count: (bytes: number) => void;
  readonly #most: number;
  /** Bytes in the open encoder from which on it is worth submitting. */
  readonly submitAt: number;
  #current: Page | undefined;
  /** Full pages of the open encoder. */
  #full: Page[] = [];
  #ready: Page[] = [];
  /** Pages that the GPU reads, on their way back. */
  #away: Page[] = [];
  #pages = 0;

  constructor(device: GPUDevice, { budget, software, count }: RingOptions) {
    this.#device = device;
    this.#count = count;
    const share = Math.floor((budget * BUDGET_SHARE) / PAGE_BYTES);
    this.#most = Math.max(FEWEST_PAGES, Math.min(MOST_PAGES, share));
    this.submitAt = (software ? this.#most : SUBMIT_PAGES) * PAGE_BYTES;
  }

  /** Bytes written for the open encoder. */
  get staged(): number {
    return this.#full.length * PAGE_BYTES + (this.#current?.used ?? 0);
  }

  /** Bytes of all pages that there may be. */
  get capacity(): number {
    return this.#most * PAGE_BYTES;
  }

  /** Bytes that room() would give now, one after the other. */
  get free(): number {
    this.#collect();
    const whole = this.#ready.length + this.#most - this.#pages;
    return whole * PAGE_BYTES + (this.#current ? PAGE_BYTES - this.#current.used : 0);
  }

  /** Room for up to `wanted` bytes, a multiple of 4; undefined when all pages are in use. */
  room(wanted: number): Room | undefined {
    if (this.#current && this.#current.used >= PAGE_BYTES) this.#fill(this.#current);
    if (!this.#current && this.#ready.length === 0) this.#collect();
    this.#current ??= this.#ready.pop() ?? this.#newPage();
    const page = this.#current;
    if (!page) return undefined;
    const wholeWords = Math.ceil(wanted / 4) * 4;
    if (page.used === page.from + page.window.byteLength) openWindow(page, wholeWords);
    const at = page.used - page.from;
    const view = page.window.subarray(at, at + wholeWords);
    const room = { buffer: page.buffer, offset: page.used, view };
    page.used += view.byteLength;
    return room;
  }

  /** Resolves when a page may have come back; only after a submit is one on its way. */
  returned(): Promise<void> {
    return Promise.race(this.#away.map(({ mapping }) => mapping));
  }

  /** Takes the pages that the open encoder reads from the host; returns what is to be done after the submit. */
  beforeSubmit(): () => void {
    if (this.#current && this.#current.used > 0) this.#fill(this.#current);
    const pages = this.#full;
    this.#full = [];
    return () => {
      for (const page of pages) this.#mapAgain(page);
    };
  }

  /** Nothing more is written to the current page. Its view ends now, before it weighs with the engine. */
  #fill(page: Page): void {
    page.window = NO_BYTES;
    page.buffer.unmap();
    this.#full.push(page);
    this.#current = undefined;
  }

  #newPage(): Page | undefined {
    if (this.#pages >= this.#most) return undefined;
    const buffer = this.#device.createBuffer({
      label: `cenote upload page ${this.#pages}`,
      size: PAGE_BYTES,
      usage: USAGE.mapWrite | USAGE.copySource,
      mappedAtCreation: true,
    });
    this.#pages++;
    this.#count(PAGE_BYTES);
    return { buffer, window: NO_BYTES, from: 0, used: 0, mapping: Promise.resolve() };
  }

  #mapAgain(page: Page): void {
    this.#away.push(page);
    // Rejected when the device is lost or the process ends: collect() finds the page unmapped.
    page.mapping = page.buffer.mapAsync(MAP.write).then(
      () => {},
      () => {},
    );
  }

  /** Takes back the pages that are mapped again, and forgets those that never will be. */
  #collect(): void {
    const away: Page[] = [];
    for (const page of this.#away) {
      const { mapState } = page.buffer;
      if (mapState === "pending") away.push(page);
      else if (mapState === "mapped") {
        page.window = NO_BYTES;
        page.from = 0;
        page.used = 0;
        this.#ready.push(page);
      } else {
        page.buffer.destroy();
        this.#pages--;
        this.#count(-PAGE_BYTES);
      }
    }
    this.#away = away;
  }
}

/** Views the page's bytes from where it is used on: as many as are wanted, or a window's. */
function openWindow(page: Page, wanted: number): void {
  page.from = Math.ceil(page.used / 8) * 8; // views begin at multiples of 8
  page.used = page.from;
  const whole = Math.ceil(Math.max(wanted, WINDOW_BYTES) / 8) * 8;
  const bytes = Math.min(whole, PAGE_BYTES - page.from);
  page.window = new Uint8Array(page.buffer.getMappedRange(page.from, bytes));
}
