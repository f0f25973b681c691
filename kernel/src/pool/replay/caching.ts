// A model of PyTorch's caching allocator, to compare with: sizes round up to 512 bytes; up to 1 MiB
// they come from segments of 2 MiB, up to 10 MiB from segments of 20 MiB, above that from segments of
// their own size rounded up to 2 MiB; best fit; small blocks are split when 512 bytes remain, large
// ones when more than 1 MiB does; segments are kept. (c10/cuda/CUDACachingAllocator.cpp, defaults.)
import { type Books, GRANULE, openBooks } from "../../base/index.ts";
import { Fit } from "../fit.ts";
import type { Policy } from "./replay.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = 0;
const LARGE = 1;

export class CachingModel implements Policy {
  readonly name = "caching";
  readonly #books: Books = openBooks();
  readonly #fit = new Fit(this.#books);
  readonly #rows: number[] = [];
  #segments = 0;
  reserved = 0;
  readonly grown = { slabs: 0, bytes: 0 };
  readonly moved = 0;

  allocate(slot: number, bytes: number): boolean {
    const size = Math.max(512, Math.ceil(bytes / 512) * 512);
    const kind = size <= MIB ? SMALL : LARGE;
    this.#fit.settle();
    const hole = this.#fit.find(size / GRANULE, kind) || this.#segment(size, kind);
    if (hole === 0) return false;
    const whole = this.#books.blocks.size[hole]!;
    const rest = whole * GRANULE - size;
    const split = kind === SMALL ? rest >= 512 : rest > MIB;
    const row = this.#fit.cut(hole, split ? size / GRANULE : whole);
    this.#books.blocks.state[row] = 1;
    this.#rows[slot] = row;
    return true;
  }

  free(slot: number): void {
    const row = this.#rows[slot]!;
    this.#fit.settle();
    this.#books.blocks.state[row] = 0;
    this.#fit.give(row);
  }

  close(): void {}

  #segment(size: number, kind: number): number {
    const own = Math.ceil(size / (2 * MIB)) * 2 * MIB;
    const bytes = kind === SMALL ? 2 * MIB : size < 10 * MIB ? 20 * MIB : own;
    this.reserved += bytes;
    this.grown.slabs++;
    this.grown.bytes += bytes;
    return this.#fit.addSlab(++this.#segments, bytes / GRANULE, kind);
  }
}
