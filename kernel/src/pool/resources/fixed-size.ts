// Fixed-size bins for small blocks, as RMM's binning resource has: each bin divides blocks of the upstream
// into cells of one size, a power of two. A request takes a free cell of the smallest bin that holds it, with
// no search and no other block touched; larger requests pass through.
import { GRANULE, parseBytes } from "../../base/index.ts";
import { type Chunk, type PartHost, Parts, roundUp, type Space } from "./parts.ts";
import type { Resource } from "./resource.ts";

export interface BinOptions {
  /** Requests up to this size are served from bins; bytes, or text such as "4 KiB". Default 4 KiB. */
  largest?: number | string;
  /** Cells of a block that is divided. Default 64. */
  cells?: number;
  /** Where blocks to divide, and larger requests, come from. Default the pool. */
  upstream?: Resource;
}

interface Bin {
  readonly size: number;
  /** The free cells: the chunk of each, and the offset there in bytes. */
  readonly chunks: Chunk[];
  readonly offsets: number[];
  /** Chunks without a live cell. */
  readonly empty: Set<Chunk>;
}

export class FixedSizeBins extends Parts {
  readonly #bins: Bin[] = [];
  readonly #binOf = new Map<Chunk, Bin>();
  readonly #largest: number;
  readonly #cells: number;

  constructor(pool: PartHost, options: BinOptions = {}) {
    super(pool, options.upstream ?? pool);
    this.#largest = parseBytes(options.largest ?? 4096);
    this.#cells = options.cells ?? 64;
    for (let size = GRANULE; ; size *= 2) {
      this.#bins.push({ size, chunks: [], offsets: [], empty: new Set() });
      if (size >= this.#largest) break;
    }
  }

  protected find(bytes: number): Space | undefined {
    if (bytes > this.#largest) return undefined;
    const bin = this.#bins[Math.ceil(Math.log2(roundUp(bytes) / GRANULE))]!;
    if (bin.chunks.length === 0) this.#divide(bin);
    const chunk = bin.chunks.pop()!;
    bin.empty.delete(chunk);
    return { chunk, offset: bin.offsets.pop()!, size: bin.size };
  }

  protected ended(chunk: Chunk, offset: number): void {
    const bin = this.#binOf.get(chunk)!;
    bin.chunks.push(chunk);
    bin.offsets.push(offset);
    if (chunk.live.size > 0) return;
    bin.empty.add(chunk);
    // One empty block a bin is kept for the next request.
    if (bin.empty.size > 1) this.#giveBack(bin.empty.values().next().value!);
  }

  trim(): number {
    let given = 0;
    for (const bin of this.#bins) {
      for (const chunk of bin.empty) given += this.#giveBack(chunk);
    }
    return given;
  }

  #divide(bin: Bin): void {
    const chunk = this.newChunk(bin.size * this.#cells, `bins of ${bin.size}`);
    this.#binOf.set(chunk, bin);
    for (let cell = this.#cells - 1; cell >= 0; cell--) {
      bin.chunks.push(chunk);
      bin.offsets.push(cell * bin.size);
    }
    bin.empty.add(chunk);
  }

  #giveBack(chunk: Chunk): number {
    const { bytes } = chunk.block;
    chunk.block.dispose();
    return bytes;
  }

  protected gone(chunk: Chunk): void {
    const bin = this.#binOf.get(chunk)!;
    let kept = 0;
    for (let n = 0; n < bin.chunks.length; n++) {
      if (bin.chunks[n] === chunk) continue;
      bin.chunks[kept] = bin.chunks[n]!;
      bin.offsets[kept++] = bin.offsets[n]!;
    }
    bin.chunks.length = kept;
    bin.offsets.length = kept;
    bin.empty.delete(chunk);
    this.#binOf.delete(chunk);
  }
}
