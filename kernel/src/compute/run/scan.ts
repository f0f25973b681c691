// Running sums on the device, and single words read back.
import type { ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { scanKernel } from "../wgsl/filter.ts";
import { PART, partSumsKernel, runOnKernel } from "../wgsl/scan.ts";
import { launch, type Scratch } from "./scratch.ts";

/** Counts that one invocation scans by itself; more are scanned in parts. */
const ALONE = 1024;

/** Makes the `count` counts of a block into starts; its word `count` becomes their sum. */
export async function scan(
  store: ColumnStore,
  counts: Block,
  count: number,
  scratch: Scratch,
): Promise<void> {
  if (count <= ALONE) {
    const extras = [{ block: counts }];
    return launch(store, scanKernel(), { chunk: 0, own: [count], extras, invocations: 1 });
  }
  const parts = Math.ceil(count / PART);
  const sums = await scratch.block((parts + 1) * 4, "scan sums");
  const call = {
    chunk: 0,
    own: [count],
    extras: [{ block: counts }, { block: sums }],
    invocations: parts,
  };
  await launch(store, partSumsKernel(), call);
  await scan(store, sums, parts, scratch);
  await launch(store, runOnKernel(), call);
  scratch.free(sums);
}

/** One word of each block, with one read-back. */
export async function readWords(
  store: ColumnStore,
  from: readonly { block: Block; word: number }[],
): Promise<number[]> {
  if (from.length === 0) return [];
  const found = await store.gpu.read(
    from.map(({ block, word }) => ({ block, offset: word * 4, bytes: 4 })),
  );
  return found.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
}
