// Reads ranges back: their copies are recorded and submitted at the call, so that later writes do not
// show; then one staging buffer (more only beyond the largest buffer's size) is mapped and copied out.
import type { BoundRange } from "./binds.ts";
import type { HostBuffers } from "./host-buffers.ts";
import type { Recorder } from "./recorder.ts";
import { MAP } from "./usage.ts";

export interface Wanted {
  from: BoundRange;
  /** Where the bytes go; at most `from.bytes` long. */
  into: Uint8Array;
}

interface Piece {
  into: Uint8Array;
  at: number;
}

interface Batch {
  buffer: GPUBuffer;
  used: number;
  pieces: Piece[];
}

const roundUp = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** Records and submits the copies; the batches wait to be mapped. */
export function recordReads(
  wanted: readonly Wanted[],
  recorder: Recorder,
  buffers: HostBuffers,
  largest: number,
): Batch[] {
  const batches: Batch[] = [];
  let left = wanted.reduce((sum, { from }) => sum + from.bytes, 0);
  const limit = Math.floor(largest / 4) * 4;
  for (const { from, into } of wanted) {
    for (let done = 0; done < into.byteLength; ) {
      let batch = batches.at(-1);
      if (!batch || batch.used === limit) {
        batch = { buffer: buffers.take(Math.min(left, limit)), used: 0, pieces: [] };
        batches.push(batch);
      }
      const bytes = Math.min(roundUp(into.byteLength - done), limit - batch.used);
      const part = { ...from, offset: from.offset + done };
      recorder.copyOut(part, batch.buffer, batch.used, bytes);
      batch.pieces.push({ into: into.subarray(done, done + bytes), at: batch.used });
      batch.used += bytes;
      left -= bytes;
      done += bytes;
    }
  }
  recorder.submit();
  return batches;
}

/** Maps the batches, copies the bytes out, and gives the buffers back. */
export async function fetchReads(batches: readonly Batch[], buffers: HostBuffers): Promise<void> {
  await Promise.all(
    batches.map(async ({ buffer, used, pieces }) => {
      try {
        await buffer.mapAsync(MAP.read, 0, used);
      } catch (error) {
        buffers.drop(buffer);
        throw error;
      }
      const mapped = new Uint8Array(buffer.getMappedRange(0, used));
      for (const { into, at } of pieces) into.set(mapped.subarray(at, at + into.byteLength));
      buffer.unmap();
      buffers.give(buffer);
    }),
  );
}
