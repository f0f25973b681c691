// Memory with real bytes behind it, on the host, for tests of what happens to contents. Bytes that are copied
// out arrive when the test says so, or at once.
import { CenoteError, GRANULE } from "../../kernel/src/base/index.ts";
import type { Carrier, HostCopy, Memory, Place } from "../../kernel/src/pool/index.ts";

export class ByteMemory implements Memory {
  readonly name = "bytes";
  readonly maxSlab = 2 ** 26;
  readonly slabs = new Map<number, number>();
  readonly #bytes = new Map<number, Uint8Array>();
  #last = 0;
  /** When bytes that are copied out arrive: at once, in a later turn of the event loop, or at arrive(). */
  arrival: "now" | "later" | "told" = "now";
  /** Host copies that were given and not released. */
  copies = 0;
  #arrivals: (() => void)[] = [];

  readonly carrier: Carrier = {
    largest: this.maxSlab,
    copyOut: (parts) => this.#copyOut(parts),
    copyIn: (bytes, place) => this.view(place).set(bytes),
    whenReady: () => undefined,
  };

  reserve(bytes: number): number {
    if (bytes <= 0 || bytes % GRANULE !== 0) throw new CenoteError("BAD_SLAB", `${bytes} bytes`);
    this.slabs.set(++this.#last, bytes);
    this.#bytes.set(this.#last, new Uint8Array(bytes).fill(0xee));
    return this.#last;
  }

  release(slab: number): void {
    if (!this.slabs.delete(slab)) throw new CenoteError("BAD_SLAB", `no slab ${slab}`);
    this.#bytes.delete(slab);
  }

  clear(slab: number, offset: number, bytes: number): void {
    this.#bytes.get(slab)!.fill(0, offset, offset + bytes);
  }

  move(from: Place, to: Place, bytes: number): void {
    const moved = this.view(from).slice(0, bytes);
    this.view(to).set(moved);
  }

  view({ slab, offset, size }: Place): Uint8Array {
    return this.#bytes.get(slab)!.subarray(offset, offset + size);
  }

  /** What was copied out is on the host now. */
  arrive(): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const arrive of arrivals) arrive();
  }

  #copyOut(parts: readonly { place: Place; bytes: number }[]): HostCopy {
    const copied = Buffer.concat(parts.map(({ place, bytes }) => this.view(place).slice(0, bytes)));
    const arrived = new Promise<void>((resolve) => {
      if (this.arrival === "told") this.#arrivals.push(resolve);
      else if (this.arrival === "later") setImmediate(resolve);
      else resolve();
    });
    let ready = this.arrival === "now";
    arrived.then(
      () => {
        ready = true;
      },
      () => {},
    );
    this.copies++;
    return {
      get ready() {
        return ready;
      },
      arrived: () => arrived,
      view: () => copied,
      release: () => {
        this.copies--;
        copied.fill(0xdd); // whoever still reads it shall notice
      },
    };
  }
}
