// Free ranges of an arena: first fit, neighbours joined. Offsets and sizes are bytes, in whole pages, so
// that no two objects share a page.

export const PAGE = 4096;

/** The size in whole pages, in bytes; at least one page. */
export function pageAlign(bytes: number): number {
  return Math.max(PAGE, Math.ceil(bytes / PAGE) * PAGE);
}

export class Ranges {
  readonly bytes: number;
  #freeBytes: number;
  /** By offset. */
  readonly #free: { offset: number; bytes: number }[];

  /** All of [0, bytes) is free. */
  constructor(bytes: number) {
    this.bytes = bytes;
    this.#freeBytes = bytes;
    this.#free = [{ offset: 0, bytes }];
  }

  /** Bytes that are taken. */
  get taken(): number {
    return this.bytes - this.#freeBytes;
  }

  get empty(): boolean {
    return this.#freeBytes === this.bytes;
  }

  /** Offset of a range that is now taken, or undefined where no free range is that large. */
  take(bytes: number): number | undefined {
    const at = this.#free.findIndex((range) => range.bytes >= bytes);
    const found = this.#free[at];
    if (!found) return undefined;
    const { offset } = found;
    if (found.bytes === bytes) this.#free.splice(at, 1);
    else this.#free[at] = { offset: offset + bytes, bytes: found.bytes - bytes };
    this.#freeBytes -= bytes;
    return offset;
  }

  /** Frees a range that `take` gave. */
  giveBack(offset: number, bytes: number): void {
    const free = this.#free;
    const at = this.#firstAfter(offset);
    const before = free[at - 1];
    const after = free[at];
    const joinsBefore = before !== undefined && before.offset + before.bytes === offset;
    const joinsAfter = after !== undefined && after.offset === offset + bytes;
    const joined = {
      offset: joinsBefore ? before.offset : offset,
      bytes: bytes + (joinsBefore ? before.bytes : 0) + (joinsAfter ? after.bytes : 0),
    };
    free.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), joined);
    this.#freeBytes += bytes;
  }

  #firstAfter(offset: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
