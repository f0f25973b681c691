// Bytes from the host into blocks: copied into staging pages, out of which copies are recorded.
import type { Pool } from "../pool/index.ts";
import type { DeviceErrors } from "./errors.ts";
import { pooled } from "./foreign.ts";
import type { Ranges } from "./ranges.ts";
import type { Recorder } from "./recorder.ts";
import { PAGE_BYTES, type UploadRing } from "./staging.ts";
import type { UploadPart } from "./types.ts";
import { untilStopped } from "./until-stopped.ts";

/** An upload of this size is submitted at once, so that the GPU copies while the host goes on. */
const WORTH_SUBMITTING = PAGE_BYTES;

interface Uses {
  readonly pool: Pool;
  readonly queue: GPUQueue;
  readonly errors: DeviceErrors;
  readonly ranges: Ranges;
  readonly recorder: Recorder;
  readonly ring: UploadRing;
}

export class Uploads {
  readonly #uses: Uses;

  constructor(uses: Uses) {
    this.#uses = uses;
  }

  /** Resolves, to the number of bytes, when all are queued. */
  async upload(parts: readonly UploadPart[]): Promise<number> {
    const { pool, recorder } = this.#uses;
    const total = this.#checked(parts);
    for (const part of parts) {
      const source = bytesOf(part.data);
      for (let done = 0; done < source.byteLength; ) {
        const written = await pool.residence.use(pooled([part.block]), () =>
          pool.operation(() => this.#stage(part, source, done)),
        );
        done += written;
        if (written === 0) await this.#pageReturned();
      }
    }
    if (total >= WORTH_SUBMITTING) pool.operation(() => recorder.submit());
    return total;
  }

  /** The same at once, for few bytes; where no page is free the queue copies them. Returns their number. */
  write(part: UploadPart): number {
    const { pool, queue, ranges, recorder } = this.#uses;
    const total = this.#checked([part]);
    const source = bytesOf(part.data);
    pool.operation(() => {
      pool.residence.ensure(pooled([part.block]));
      for (let done = 0; done < total; ) {
        const written = this.#stage(part, source, done);
        done += written;
        if (written > 0) continue;
        recorder.submit(); // what was recorded comes before
        const { block, offset = 0 } = part;
        const to = ranges.resolve({ block, offset: offset + done, bytes: total - done });
        const rest = new Uint8Array(to.bytes);
        rest.set(source.subarray(done));
        queue.writeBuffer(to.buffer, to.offset, rest);
        done = total;
      }
    });
    return total;
  }

  #checked(parts: readonly UploadPart[]): number {
    const { errors, ranges } = this.#uses;
    errors.throwIfLost();
    let total = 0;
    for (const { block, offset = 0, data } of parts) {
      ranges.checkWrite({ block, offset, bytes: data.byteLength });
      total += data.byteLength;
    }
    return total;
  }

  /** Copies a piece of `source` from byte `done` into a page and records its copy; returns its bytes, 0 for no room. */
  #stage(part: UploadPart, source: Uint8Array, done: number): number {
    const { errors, ranges, recorder, ring } = this.#uses;
    const { block, offset = 0 } = part;
    const left = source.byteLength - done;
    errors.throwIfLost();
    const to = ranges.resolve({ block, offset: offset + done, bytes: left });
    const room = ring.room(left);
    if (!room) return 0;
    const { view } = room;
    const bytes = Math.min(left, view.byteLength);
    view.set(source.subarray(done, done + bytes));
    view.fill(0, bytes);
    recorder.copyIn(room.buffer, room.offset, to, view.byteLength);
    return bytes;
  }

  async #pageReturned(): Promise<void> {
    const { errors, pool, recorder, ring } = this.#uses;
    errors.throwIfLost();
    pool.operation(() => recorder.submit());
    await untilStopped(pool, ring.returned());
    errors.throwIfLost();
  }
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
