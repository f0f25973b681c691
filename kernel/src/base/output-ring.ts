// The one way by which the main thread speaks to the wire thread: a ring of bytes in shared memory, with
// the main thread as its one writer. What a cell prints is seen by the wire at once, even while the cell
// spins; prints, displays, results and replies keep their order; a writer that is ahead by the ring's
// size waits, so that a cell that prints for ever needs no more memory than that.
//
// Layout: STATE_WORDS i32 words (see WORD), then the ring. A record is
//   u32 payload bytes · u32 request · u32 kind | LAST when this ends the record's payload
//   payload, padded to 4 bytes
// Payloads larger than CHUNK are cut. A payload length of SKIP sends the reader to the ring's start.
// A record counts once `head` is stored, by one atomic store at its end: a writer that is terminated in
// the middle leaves nothing behind but, at worst, the first chunks of a payload, which the reader drops
// when the next record begins.

export const RECORD = { stdout: 1, stderr: 2, event: 3 } as const;
export type RecordKind = (typeof RECORD)[keyof typeof RECORD];

export const WORD = {
  /** Bytes ever written, and bytes ever read, modulo 2^32. */
  head: 0,
  tail: 1,
  /** Serial of the interrupt that the main thread saw last. */
  interruptSeen: 2,
  /** 1 when the reader has gone: what is written is dropped. */
  closed: 3,
  /** 1 when everything that was written before the process's exit is on its way. */
  flushed: 4,
  /** 1 once the process is about to exit: its main thread must not be terminated any more. */
  exiting: 5,
  /** Serial of the interrupt after which the main thread's event loop was free again. */
  interruptOver: 6,
  /** 1 once cells can run: until then the main thread loads the kernel's own code. */
  ready: 7,
  /** 1 from when the heap was full until that has been told. */
  heapFull: 8,
  /** V8's limit of the heap that cells use, in MiB. */
  heapLimit: 9,
} as const;

const STATE_BYTES = 64;
const RING_BYTES = 1 << 21;
const HEADER = 12;
const CHUNK = 1 << 16;
const SKIP = 0xffffffff;
const FIRST = 0x100;
const LAST = 0x200;

const align = (bytes: number) => (bytes + 3) & ~3;

interface Views {
  state: Int32Array<SharedArrayBuffer>;
  bytes: Uint8Array<SharedArrayBuffer>;
  words: Uint32Array<SharedArrayBuffer>;
}

function views(buffer: SharedArrayBuffer): Views {
  return {
    state: new Int32Array(buffer, 0, STATE_BYTES / 4),
    bytes: new Uint8Array(buffer, STATE_BYTES, RING_BYTES),
    words: new Uint32Array(buffer, STATE_BYTES, RING_BYTES / 4),
  };
}

/** The main thread's end. */
export class OutputWriter {
  readonly buffer: SharedArrayBuffer;
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #words: Uint32Array<SharedArrayBuffer>;
  readonly #encoder = new TextEncoder();

  constructor(buffer = new SharedArrayBuffer(STATE_BYTES + RING_BYTES)) {
    this.buffer = buffer;
    const { state, bytes, words } = views(buffer);
    this.state = state;
    this.#bytes = bytes;
    this.#words = words;
  }

  /** Appends text of a request's output. */
  text(kind: RecordKind, request: number, text: string): void {
    if (text.length * 3 > CHUNK) {
      this.bytes(kind, request, Buffer.from(text, "utf8"));
      return;
    }
    const at = this.#reserve(text.length * 3);
    if (at < 0) return;
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(at + HEADER));
    this.#commit(at, request, kind | FIRST | LAST, written);
  }

  /** Appends a payload of any size, waiting for room where it must. */
  bytes(kind: RecordKind, request: number, payload: Uint8Array): void {
    let from = 0;
    do {
      const size = Math.min(CHUNK, payload.length - from);
      const at = this.#reserve(size);
      if (at < 0) return;
      this.#bytes.set(payload.subarray(from, from + size), at + HEADER);
      const flags = (from === 0 ? FIRST : 0) | (from + size === payload.length ? LAST : 0);
      this.#commit(at, request, kind | flags, size);
      from += size;
    } while (from < payload.length);
  }

  /** Offset of room for a record with a payload of `size` bytes, or −1 when nobody reads. */
  #reserve(size: number): number {
    const need = align(HEADER + size);
    const head = this.state[WORD.head]! >>> 0;
    const at = head % RING_BYTES;
    const toEnd = RING_BYTES - at;
    if (toEnd >= need) return this.#waitFor(head, need) ? at : -1;
    if (!this.#waitFor(head, toEnd + need)) return -1;
    this.#words[at / 4] = SKIP;
    Atomics.store(this.state, WORD.head, (head + toEnd) | 0);
    return 0;
  }

  #waitFor(head: number, need: number): boolean {
    for (;;) {
      if (Atomics.load(this.state, WORD.closed) !== 0) return false;
      const tail = Atomics.load(this.state, WORD.tail);
      if (((head - tail) >>> 0) + need <= RING_BYTES) return true;
      Atomics.notify(this.state, WORD.head);
      Atomics.wait(this.state, WORD.tail, tail, 100);
    }
  }

  #commit(at: number, request: number, flags: number, size: number): void {
    const word = at / 4;
    this.#words[word] = size;
    this.#words[word + 1] = request;
    this.#words[word + 2] = flags;
    Atomics.add(this.state, WORD.head, align(HEADER + size));
    Atomics.notify(this.state, WORD.head);
  }
}

export interface OutputRecord {
  kind: RecordKind;
  request: number;
  /** The reader's own copy. */
  payload: Buffer;
}

/** The wire thread's end. */
export class OutputReader {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #words: Uint32Array<SharedArrayBuffer>;
  #parts: Buffer[] = [];

  constructor(buffer: SharedArrayBuffer) {
    const { state, bytes, words } = views(buffer);
    this.state = state;
    this.#bytes = bytes;
    this.#words = words;
  }

  /** The next whole record, or undefined when there is none yet. */
  next(): OutputRecord | undefined {
    for (;;) {
      const tail = this.state[WORD.tail]! >>> 0;
      if (Atomics.load(this.state, WORD.head) >>> 0 === tail) return undefined;
      const at = tail % RING_BYTES;
      const size = this.#words[at / 4]!;
      if (size === SKIP) {
        this.#advance(RING_BYTES - at);
        continue;
      }
      const request = this.#words[at / 4 + 1]!;
      const flags = this.#words[at / 4 + 2]!;
      const from = at + HEADER;
      const chunk = Buffer.allocUnsafe(size);
      chunk.set(this.#bytes.subarray(from, from + size));
      this.#advance(align(HEADER + size));
      if (flags & FIRST) this.#parts = [];
      this.#parts.push(chunk);
      if (!(flags & LAST)) continue;
      const payload = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
      this.#parts = [];
      return { kind: (flags & 0xff) as RecordKind, request, payload };
    }
  }

  /** Resolves once there is more than was read; at once when there is already. */
  async wait(): Promise<void> {
    const tail = this.state[WORD.tail]!;
    const change = Atomics.waitAsync(this.state, WORD.head, tail);
    if (change.async) await change.value;
  }

  /** Tells the writer that nobody will read any more. */
  close(): void {
    Atomics.store(this.state, WORD.closed, 1);
    Atomics.notify(this.state, WORD.tail);
  }

  #advance(bytes: number): void {
    Atomics.add(this.state, WORD.tail, bytes);
    Atomics.notify(this.state, WORD.tail);
  }
}
