// An Arrow IPC stream that is laid out before its contents are there, so that they can be produced where they
// will be shared: by a GPU's read-back, or by a program that fills an array.
import type * as Arrow from "apache-arrow";
import { type Extent, encodeMessage, type Node } from "./batch-message.ts";
import { END_OF_STREAM, type Head, packHead, writePieces } from "./packed.ts";

/** A record batch to come: its columns' nodes and buffers, in the order of the format. */
export interface BatchShape {
  readonly rows: number;
  /** Their nulls count when the stream is finished. */
  readonly nodes: Node[];
  readonly buffers: readonly Extent[];
}

/** Buffers to come; `fill` writes them, each `room` (or `bytes`) long, and sets the nodes' nulls. */
export interface Produced {
  /** The schema and the dictionaries; without rows. */
  readonly head: Arrow.Table;
  readonly batches: readonly BatchShape[];
  readonly fill: (buffers: Uint8Array[][]) => Promise<void>;
}

export class StreamLayout {
  readonly bytes: number;
  readonly rows: number;
  readonly #head: Head;
  /** With the offset of each batch's message. */
  readonly #batches: { shape: BatchShape; at: number }[] = [];

  constructor(arrow: typeof Arrow, head: Arrow.Table, batches: readonly BatchShape[]) {
    this.#head = packHead(arrow, head);
    let at = this.#head.bytes;
    for (const shape of batches) {
      this.#batches.push({ shape, at });
      const { message, body } = encode(shape, at);
      at += message.length + body;
    }
    this.bytes = at + END_OF_STREAM.length;
    this.rows = batches.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Where the buffers of each batch go, in memory of `bytes` bytes. */
  buffers(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[][] {
    return this.#batches.map(({ shape, at }) => {
      const { message, regions } = encode(shape, at);
      return shape.buffers.map(({ bytes, room = bytes }, i) => {
        const from = at + message.length + regions[i]!;
        return memory.subarray(from, from + room);
      });
    });
  }

  /** Writes all that is not in the buffers. */
  finish(memory: Uint8Array): void {
    let end = writePieces(memory, this.#head.pieces);
    for (const { shape, at } of this.#batches) {
      const { message, regions, body } = encode(shape, at);
      memory.set(message, at);
      const into = memory.subarray(at + message.length, at + message.length + body);
      let written = 0;
      shape.buffers.forEach(({ bytes }, i) => {
        into.fill(0, written, regions[i]!);
        written = regions[i]! + bytes;
      });
      into.fill(0, written);
      end = at + message.length + body;
    }
    memory.set(END_OF_STREAM, end);
  }
}

const encode = ({ rows, nodes, buffers }: BatchShape, at: number) =>
  encodeMessage(rows, nodes, buffers, at);
