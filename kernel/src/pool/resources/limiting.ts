// A budget of its own for a part of the program: what passes through it may hold only so much.
import { formatBytes, OutOfPoolMemory, parseBytes } from "../../base/index.ts";
import type { AllocateOptions, Block } from "../types.ts";
import { type Resource, withOnFree } from "./resource.ts";

export class Limiting implements Resource {
  readonly #upstream: Resource;
  /** Bytes, as requested, that may be live at once. */
  readonly limit: number;
  #live = 0;

  /** `limit` in bytes, or text such as "256 MiB". */
  constructor(upstream: Resource, limit: number | string) {
    this.#upstream = upstream;
    this.limit = parseBytes(limit);
  }

  /** Bytes, as requested, that are live through this resource. */
  get live(): number {
    return this.#live;
  }

  allocate(bytes: number, options: AllocateOptions = {}): Block {
    if (this.#live + bytes > this.limit) {
      throw new OutOfPoolMemory(
        `wanted ${formatBytes(bytes)} for ${options.what ?? options.tag ?? "a block"}; the limit of ` +
          `${formatBytes(this.limit)} has ${formatBytes(this.limit - this.#live)} left`,
        "Dispose what is no longer needed, or give this part of the program a higher limit.",
      );
    }
    const freed = () => {
      this.#live -= bytes;
    };
    const block = this.#upstream.allocate(bytes, withOnFree(options, freed));
    this.#live += bytes;
    return block;
  }
}
