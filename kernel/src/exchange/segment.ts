// Segments: memory that this process owns and tables lie in. One interface, two implementations: memory that
// peers map (a sealed memfd, or POSIX shared memory, as the addon has it), and memory of this process alone, whose
// contents peers fetch by a copy.
import { type Native, native } from "../base/index.ts";

/** How the serving thread reaches a segment's memory; it can be posted to it. */
export type SegmentHandle =
  | { kind: "shared"; fd: number; mapping: number }
  | { kind: "heap"; memory: SharedArrayBuffer };

export interface Segment {
  readonly bytes: number;
  readonly handle: SegmentHandle;
  /** Calls `write` with the range's bytes, which are its to keep only until it returns. */
  fill(offset: number, bytes: number, write: (target: Uint8Array) => void): void;
  /** A view of the range, to be filled at leisure; undefined where no such view can be emptied later. */
  open(offset: number, bytes: number): ArrayBuffer | undefined;
  /** Empties a view that `open` gave, and all arrays over it. */
  detach(view: ArrayBuffer): void;
  /** Lets go of the memory; it is freed when the last reader has unmapped it. */
  close(): void;
}

/** A segment of the kind that this machine allows. */
export function makeSegment(bytes: number): Segment {
  const addon = native();
  return addon ? new SharedSegment(addon, bytes) : new HeapSegment(bytes);
}

class SharedSegment implements Segment {
  readonly bytes: number;
  readonly handle: SegmentHandle & { kind: "shared" };
  readonly #native: Native;

  constructor(addon: Native, bytes: number) {
    this.#native = addon;
    this.bytes = bytes;
    this.handle = { kind: "shared", ...addon.createArena("cenote-arena", bytes) };
  }

  fill(offset: number, bytes: number, write: (target: Uint8Array) => void): void {
    const view = this.open(offset, bytes);
    try {
      write(new Uint8Array(view));
    } finally {
      this.detach(view);
    }
  }

  open(offset: number, bytes: number): ArrayBuffer {
    return this.#native.view(this.handle.mapping, offset, bytes);
  }

  detach(view: ArrayBuffer): void {
    this.#native.detach(view);
  }

  /** The descriptor is the serving thread's to close: it may be sending it. */
  close(): void {
    this.#native.unmapArena(this.handle.mapping);
  }
}

class HeapSegment implements Segment {
  readonly bytes: number;
  readonly handle: SegmentHandle & { kind: "heap" };

  constructor(bytes: number) {
    this.bytes = bytes;
    this.handle = { kind: "heap", memory: new SharedArrayBuffer(bytes) };
  }

  fill(offset: number, bytes: number, write: (target: Uint8Array) => void): void {
    write(new Uint8Array(this.handle.memory, offset, bytes));
  }

  open(): undefined {}

  detach(): void {}

  close(): void {}
}

/** A range of a segment, to be read while its object is leased. In any thread of the owner. */
export function readSegment(handle: SegmentHandle, offset: number, bytes: number): Uint8Array {
  if (handle.kind === "heap") return new Uint8Array(handle.memory, offset, bytes);
  return new Uint8Array(native()!.view(handle.mapping, offset, bytes));
}
