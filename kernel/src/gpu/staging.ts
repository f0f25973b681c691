// Host memory that the GPU copies from and to. Uploads go through a ring of mapped pages: data is
// written to a page, a copy out of it is recorded in the open encoder, and after the submit the page
// maps itself again. Pages stay warm, which matters: fresh ones cost several times the copy.
// Read-backs borrow a buffer of their size class.
import { MAP, USAGE } from "./usage.ts";

export const PAGE_BYTES = 8 * 2 ** 20;
const MAX_PAGES = 16;
const READ_KEPT_BYTES = 256 * 2 ** 20;
const READ_SMALLEST = 64 * 1024;

interface Page {
  readonly buffer: GPUBuffer;
  view: Uint8Array;
  used: number;
}

/** Room in a page: write at `view[offset…]`. */
export interface Room {
  buffer: GPUBuffer;
  view: Uint8Array;
  offset: number;
  bytes: number;
}

export class UploadRing {
  readonly #device: GPUDevice;
  #current: Page | undefined;
  /** Full pages of the open encoder. */
  #full: Page[] = [];
  #ready: Page[] = [];
  #pages = 0;
  #waiting: (() => void)[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes written for the open encoder. */
  get staged(): number {
    return this.#full.length * PAGE_BYTES + (this.#current?.used ?? 0);
  }

  /** Room for up to `wanted` bytes, a multiple of 4; undefined when all pages are in use. */
  room(wanted: number): Room | undefined {
    if (this.#current && this.#current.used >= PAGE_BYTES) {
      this.#full.push(this.#current);
      this.#current = undefined;
    }
    this.#current ??= this.#ready.pop() ?? this.#newPage();
    const page = this.#current;
    if (!page) return undefined;
    const bytes = Math.min(Math.ceil(wanted / 4) * 4, PAGE_BYTES - page.used);
    const room = { buffer: page.buffer, view: page.view, offset: page.used, bytes };
    page.used += bytes;
    return room;
  }

  /** Resolves when a page may have come back; only after a submit is one on its way. */
  returned(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes the pages that the open encoder reads from the host; returns what is to be done after the submit. */
  beforeSubmit(): () => void {
    const pages = this.#full;
    if (this.#current && this.#current.used > 0) {
      pages.push(this.#current);
      this.#current = undefined;
    }
    this.#full = [];
    for (const page of pages) page.buffer.unmap();
    return () => {
      for (const page of pages) this.#mapAgain(page);
    };
  }

  #newPage(): Page | undefined {
    if (this.#pages >= MAX_PAGES) return undefined;
    const buffer = this.#device.createBuffer({
      label: `cenote upload page ${this.#pages}`,
      size: PAGE_BYTES,
      usage: USAGE.mapWrite | USAGE.copySource,
      mappedAtCreation: true,
    });
    this.#pages++;
    return { buffer, view: new Uint8Array(buffer.getMappedRange()), used: 0 };
  }

  #mapAgain(page: Page): void {
    const wake = () => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    };
    page.buffer.mapAsync(MAP.write).then(
      () => {
        page.view = new Uint8Array(page.buffer.getMappedRange());
        page.used = 0;
        this.#ready.push(page);
        wake();
      },
      () => {
        // The device is lost or the process ends: the page is gone.
        page.buffer.destroy();
        this.#pages--;
        wake();
      },
    );
  }
}

export class ReadBuffers {
  readonly #device: GPUDevice;
  readonly #ready = new Map<number, GPUBuffer[]>();
  #kept = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** An unmapped buffer of at least `bytes`. */
  take(bytes: number): GPUBuffer {
    const size = sizeClass(bytes, this.#device.limits.maxBufferSize);
    const ready = this.#ready.get(size)?.pop();
    if (ready) {
      this.#kept -= size;
      return ready;
    }
    return this.#device.createBuffer({
      label: `cenote read-back of ${size} bytes`,
      size,
      usage: USAGE.mapRead | USAGE.copyTarget,
    });
  }

  /** Gives a buffer back, unmapped. */
  give(buffer: GPUBuffer): void {
    if (this.#kept + buffer.size > READ_KEPT_BYTES) {
      buffer.destroy();
      return;
    }
    this.#kept += buffer.size;
    const ready = this.#ready.get(buffer.size);
    if (ready) ready.push(buffer);
    else this.#ready.set(buffer.size, [buffer]);
  }
}

/** The next power of two, or exactly `bytes` (a multiple of 4) where that would be over the limit. */
function sizeClass(bytes: number, limit: number): number {
  const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, READ_SMALLEST)));
  return size <= limit ? size : bytes;
}
