// An arena: parts are cut one behind the other from a block, and their memory serves again when all of them
// have ended. For what is made and let go together: the temporaries of one request or one step.
import { parseBytes } from "../../base/index.ts";
import { type Chunk, type PartHost, Parts, roundUp, type Space } from "./parts.ts";
import type { Resource } from "./resource.ts";

export interface ArenaOptions {
  /** Size of a block that parts are cut from; bytes, or text such as "1 MiB". Default 1 MiB. */
  block?: number | string;
  /** Where those blocks, and requests that are larger, come from. Default the pool. */
  upstream?: Resource;
}

export class Arena extends Parts {
  readonly #block: number;
  /** The block that parts are cut from, and where the next one begins. */
  #current: Chunk | undefined;
  #next = 0;

  constructor(pool: PartHost, options: ArenaOptions = {}) {
    super(pool, options.upstream ?? pool);
    this.#block = roundUp(parseBytes(options.block ?? 2 ** 20));
  }

  protected find(bytes: number): Space | undefined {
    const size = roundUp(bytes);
    if (size > this.#block) return undefined;
    if (this.#current === undefined || this.#next + size > this.#block) this.#begin();
    const offset = this.#next;
    this.#next += size;
    return { chunk: this.#current!, offset, size };
  }

  protected ended(chunk: Chunk): void {
    if (chunk.live.size > 0) return;
    if (chunk === this.#current) this.#next = 0;
    else chunk.block.dispose();
  }

  protected gone(chunk: Chunk): void {
    if (chunk === this.#current) this.#current = undefined;
  }

  trim(): number {
    const chunk = this.#current;
    if (chunk === undefined || chunk.live.size > 0) return 0;
    chunk.block.dispose();
    return this.#block;
  }

  /** Begins a new block; the one before goes back when its last part ends. */
  #begin(): void {
    const chunk = this.newChunk(this.#block, "arena");
    this.trim();
    this.#current = chunk;
    this.#next = 0;
  }
}
