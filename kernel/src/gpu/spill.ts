// Carries blocks between slabs and host memory, for the pool's tiers. A block leaves by a copy into a mappable
// buffer, which is then its host memory: nothing is copied again. It comes back through the upload ring.
import type { Carrier, HostCopy, Place } from "../pool/index.ts";
import type { HostBuffers } from "./host-buffers.ts";
import type { BufferRange, Recorder } from "./recorder.ts";
import type { UploadRing } from "./staging.ts";
import { MAP } from "./usage.ts";

export interface CarrierParts {
  device: GPUDevice;
  recorder: Recorder;
  ring: UploadRing;
  buffers: HostBuffers;
  /** The buffer of a slab. */
  buffer: (slab: number) => GPUBuffer;
  /** Is told of bytes that staging takes, or gives back (negative). */
  count: (bytes: number) => void;
}

export class GpuCarrier implements Carrier {
  readonly largest: number;
  readonly #parts: CarrierParts;

  constructor(parts: CarrierParts) {
    this.#parts = parts;
    this.largest = Math.floor(parts.device.limits.maxBufferSize / 4) * 4;
  }

  copyOut(parts: readonly { place: Place; bytes: number }[]): HostCopy {
    const { recorder, buffers, count } = this.#parts;
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const buffer = buffers.take(total);
    try {
      let at = 0;
      for (const { place, bytes } of parts) {
        recorder.copyOut(this.#range(place), buffer, at, bytes);
        at += bytes;
      }
      recorder.submit();
    } catch (error) {
      buffers.drop(buffer);
      throw error;
    }
    // From here to its release it is not staging but the block's home, which the pool counts as spilled.
    count(-buffer.size);
    return new MappedCopy(buffer, total, () => {
      count(buffer.size);
      buffers.give(buffer);
    });
  }

  copyIn(bytes: Uint8Array, place: Place): void {
    const { recorder, ring, device } = this.#parts;
    const to = this.#range(place);
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      const room = ring.room(left);
      const at = { ...to, offset: to.offset + done };
      if (!room) {
        // No page is ready, and this can't wait. In order, because what was recorded is submitted first.
        recorder.submit();
        device.queue.writeBuffer(
          at.buffer,
          at.offset,
          bytes as Uint8Array<ArrayBuffer>,
          done,
          left,
        );
        return;
      }
      const { byteLength } = room.view;
      room.view.set(bytes.subarray(done, done + byteLength));
      recorder.copyIn(room.buffer, room.offset, at, byteLength);
      done += byteLength;
    }
  }

  whenReady(bytes: number): Promise<void> | undefined {
    const { recorder, ring } = this.#parts;
    const wanted = Math.min(bytes, ring.capacity);
    if (ring.free >= wanted) return undefined;
    recorder.submit();
    return ring.free >= wanted ? undefined : ring.returned();
  }

  #range(place: Place): BufferRange {
    return { slab: place.slab, buffer: this.#parts.buffer(place.slab), offset: place.offset };
  }
}

/** A buffer that is being mapped, or is mapped, for reading. */
class MappedCopy implements HostCopy {
  readonly #buffer: GPUBuffer;
  readonly #bytes: number;
  readonly #give: () => void;
  readonly #arrived: Promise<void>;
  #view: Uint8Array | undefined;

  constructor(buffer: GPUBuffer, bytes: number, give: () => void) {
    this.#buffer = buffer;
    this.#bytes = bytes;
    this.#give = give;
    this.#arrived = buffer.mapAsync(MAP.read, 0, bytes).then(() => {});
    this.#arrived.catch(() => {}); // it may be released before, and nobody may be waiting
  }

  get ready(): boolean {
    return this.#buffer.mapState === "mapped";
  }

  arrived(): Promise<void> {
    return this.#arrived;
  }

  view(): Uint8Array {
    this.#view ??= new Uint8Array(this.#buffer.getMappedRange(0, this.#bytes));
    return this.#view;
  }

  release(): void {
    this.#view = undefined;
    this.#buffer.unmap();
    this.#give();
  }
}
