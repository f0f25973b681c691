// Writes plain values as a Python pickle of protocol 2, with the few opcodes that PyTorch's memory_viz page
// reads. Text, and lists that occur more than once, are written once and then referred to.
const OP = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  none: 0x4e,
  yes: 0x88,
  no: 0x89,
  int1: 0x4b,
  int2: 0x4d,
  int4: 0x4a,
  long: 0x8a,
  float: 0x47,
  text: 0x58,
  list: 0x5d,
  appends: 0x65,
  dict: 0x7d,
  setItems: 0x75,
  put1: 0x71,
  put4: 0x72,
  get1: 0x68,
  get4: 0x6a,
} as const;

/** Items a batch, as Python's own pickler writes them: readers put a batch on a stack. */
const BATCH = 1000;

export type Picklable =
  | null
  | boolean
  | number
  | string
  | readonly Picklable[]
  | { readonly [key: string]: Picklable };

/** The pickle of a value. Numbers that are whole become int, others float. */
export function pickle(value: Picklable): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.write(value);
  return writer.done();
}

const encoder = new TextEncoder();

class Writer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #memo = new Map<unknown, number>();

  constructor() {
    this.#put(OP.proto);
    this.#put(2);
  }

  done(): Uint8Array<ArrayBuffer> {
    this.#put(OP.stop);
    return this.#bytes.slice(0, this.#at);
  }

  write(value: Picklable): void {
    if (value === null) this.#put(OP.none);
    else if (typeof value === "boolean") this.#put(value ? OP.yes : OP.no);
    else if (typeof value === "number") this.#number(value);
    else if (this.#known(value)) return;
    else if (typeof value === "string") this.#text(value);
    else if (Array.isArray(value)) this.#list(value);
    else this.#dict(value as { [key: string]: Picklable });
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#put(OP.float);
      this.#room(8);
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    } else if (value >= 0 && value < 256) {
      this.#put(OP.int1);
      this.#put(value);
    } else if (value >= 0 && value < 65536) {
      this.#put(OP.int2);
      this.#put(value & 255);
      this.#put(value >> 8);
    } else if (value >= -(2 ** 31) && value < 2 ** 31) this.#word(OP.int4, value);
    else this.#long(value);
  }

  #long(value: number): void {
    this.#put(OP.long);
    this.#put(8);
    this.#room(8);
    this.#view.setUint32(this.#at, value >>> 0, true);
    this.#view.setInt32(this.#at + 4, Math.floor(value / 2 ** 32), true);
    this.#at += 8;
  }

  #text(value: string): void {
    const bytes = encoder.encode(value);
    this.#word(OP.text, bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    this.#remember(value);
  }

  #list(value: readonly Picklable[]): void {
    this.#put(OP.list);
    this.#remember(value);
    for (let from = 0; from < value.length; from += BATCH) {
      const end = Math.min(from + BATCH, value.length);
      this.#put(OP.mark);
      for (let i = from; i < end; i++) this.write(value[i]!);
      this.#put(OP.appends);
    }
  }

  #dict(value: { readonly [key: string]: Picklable }): void {
    this.#put(OP.dict);
    const keys = Object.keys(value);
    if (keys.length === 0) return;
    this.#put(OP.mark);
    for (const key of keys) {
      this.write(key);
      this.write(value[key]!);
    }
    this.#put(OP.setItems);
  }

  #known(value: unknown): boolean {
    const id = this.#memo.get(value);
    if (id === undefined) return false;
    if (id < 256) {
      this.#put(OP.get1);
      this.#put(id);
    } else this.#word(OP.get4, id);
    return true;
  }

  #remember(value: unknown): void {
    const id = this.#memo.size;
    this.#memo.set(value, id);
    if (id < 256) {
      this.#put(OP.put1);
      this.#put(id);
    } else this.#word(OP.put4, id);
  }

  #put(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #word(op: number, value: number): void {
    this.#put(op);
    this.#room(4);
    this.#view.setInt32(this.#at, value, true);
    this.#at += 4;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
