// Reads Python pickles (protocols 2 to 5) of plain values: dict, list, tuple, set, str, bytes, int, float,
// bool, None. Anything that would make an object or call something is refused: nothing is ever run.
import { CenoteError } from "../../base/index.ts";

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>;

/** The value. `name` is for messages. Throws BAD_PICKLE with the byte where it goes wrong. */
export function unpickle(bytes: Uint8Array, name = "pickle"): Pickled {
  return new Reader(bytes, name).read();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  #at = 0;
  #stack: Pickled[] = [];
  /** The stacks below the marks. */
  readonly #below: Pickled[][] = [];
  readonly #memo: Pickled[] = [];

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  read(): Pickled {
    for (;;) {
      const at = this.#at;
      const op = this.#byte();
      if (op === 0x2e) return this.#pop();
      const step = STEPS[op];
      if (!step) {
        const shown = op > 32 && op < 127 ? ` "${String.fromCharCode(op)}"` : "";
        throw this.#bad(
          `wanted plain values, found opcode 0x${op.toString(16)}${shown} at byte ${at}`,
        );
      }
      step(this);
    }
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  mark(): void {
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  /** The values since the last mark, which ends. */
  popMark(): Pickled[] {
    const below = this.#below.pop();
    if (!below) throw this.#bad(`found no mark before byte ${this.#at}`);
    const values = this.#stack;
    this.#stack = below;
    return values;
  }

  /** The last `count` values. */
  take(count: number): Pickled[] {
    if (this.#stack.length < count) throw this.#bad(`found too few values before byte ${this.#at}`);
    return this.#stack.splice(this.#stack.length - count, count);
  }

  append(values: Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#bad(`wanted a list before byte ${this.#at}`);
    for (const value of values) list.push(value);
  }

  setItems(values: Pickled[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map)) throw this.#bad(`wanted a dict before byte ${this.#at}`);
    for (let i = 0; i + 1 < values.length; i += 2) dict.set(values[i]!, values[i + 1]!);
  }

  dict(values: Pickled[]): void {
    this.push(new Map());
    this.setItems(values);
  }

  remember(id = this.#memo.length): void {
    this.#memo[id] = this.#top();
  }

  recall(id: number): void {
    const value = this.#memo[id];
    if (value === undefined) throw this.#bad(`found nothing under the number ${id}`);
    this.push(value);
  }

  /** An unsigned number of so many bytes (1, 2, 4 or 8). */
  uint(size: 1 | 2 | 4 | 8): number {
    const at = this.#advance(size);
    if (size === 1) return this.#bytes[at]!;
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  float(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** Two's complement of so many bytes; a bigint where a number can't hold it. */
  long(size: number): number | bigint {
    const at = this.#advance(size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!);
    if (size > 0 && this.#bytes[at + size - 1]! >= 128) value -= 1n << BigInt(8 * size);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  text(size: number): string {
    return utf8.decode(this.data(size));
  }

  data(size: number): Uint8Array {
    const at = this.#advance(size);
    return this.#bytes.subarray(at, at + size);
  }

  #top(): Pickled {
    const top = this.#stack.at(-1);
    if (top === undefined) throw this.#bad(`found too few values before byte ${this.#at}`);
    return top;
  }

  #pop(): Pickled {
    return this.take(1)[0]!;
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  #advance(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) {
      throw this.#bad(`it ends at byte ${this.#bytes.length}, in the middle`);
    }
    this.#at += size;
    return at;
  }

  #bad(what: string): CenoteError {
    return new CenoteError("BAD_PICKLE", `${this.#name}: ${what}`, {
      mend: "Wanted a pickle of protocol 2 to 5, as torch.cuda.memory._dump_snapshot writes it.",
    });
  }
}

const utf8 = new TextDecoder();

/** What each opcode does; the names are those of Python's pickletools. */
const STEPS: Record<number, (r: Reader) => void> = {
  128: (r) => r.uint(1), // PROTO
  149: (r) => r.uint(8), // FRAME
  40: (r) => r.mark(), // MARK
  78: (r) => r.push(null), // NONE
  136: (r) => r.push(true), // NEWTRUE
  137: (r) => r.push(false), // NEWFALSE
  75: (r) => r.push(r.uint(1)), // BININT1
  77: (r) => r.push(r.uint(2)), // BININT2
  74: (r) => r.push(r.int32()), // BININT
  138: (r) => r.push(r.long(r.uint(1))), // LONG1
  139: (r) => r.push(r.long(r.uint(4))), // LONG4
  71: (r) => r.push(r.float()), // BINFLOAT
  140: (r) => r.push(r.text(r.uint(1))), // SHORT_BINUNICODE
  88: (r) => r.push(r.text(r.uint(4))), // BINUNICODE
  141: (r) => r.push(r.text(r.uint(8))), // BINUNICODE8
  67: (r) => r.push(r.data(r.uint(1))), // SHORT_BINBYTES
  66: (r) => r.push(r.data(r.uint(4))), // BINBYTES
  142: (r) => r.push(r.data(r.uint(8))), // BINBYTES8
  150: (r) => r.push(r.data(r.uint(8))), // BYTEARRAY8
  93: (r) => r.push([]), // EMPTY_LIST
  41: (r) => r.push([]), // EMPTY_TUPLE
  143: (r) => r.push([]), // EMPTY_SET
  125: (r) => r.push(new Map()), // EMPTY_DICT
  97: (r) => r.append(r.take(1)), // APPEND
  101: (r) => r.append(r.popMark()), // APPENDS
  144: (r) => r.append(r.popMark()), // ADDITEMS
  115: (r) => r.setItems(r.take(2)), // SETITEM
  117: (r) => r.setItems(r.popMark()), // SETITEMS
  133: (r) => r.push(r.take(1)), // TUPLE1
  134: (r) => r.push(r.take(2)), // TUPLE2
  135: (r) => r.push(r.take(3)), // TUPLE3
  116: (r) => r.push(r.popMark()), // TUPLE
  145: (r) => r.push(r.popMark()), // FROZENSET
  108: (r) => r.push(r.popMark()), // LIST
  100: (r) => r.dict(r.popMark()), // DICT
  48: (r) => void r.take(1), // POP
  49: (r) => void r.popMark(), // POP_MARK
  148: (r) => r.remember(), // MEMOIZE
  113: (r) => r.remember(r.uint(1)), // BINPUT
  114: (r) => r.remember(r.uint(4)), // LONG_BINPUT
  104: (r) => r.recall(r.uint(1)), // BINGET
  106: (r) => r.recall(r.uint(4)), // LONG_BINGET
};
