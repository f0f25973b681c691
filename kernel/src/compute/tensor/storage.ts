// The memory of tensors: a block of the pool that views and waiting expressions share. The last of its holders
// to end gives it back.
import { CenoteError, formatBytes } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { bytesOf, type Dtype } from "./dtypes.ts";
import { type Shape, shown, sizeOf } from "./shape.ts";

/** Elements of a tensor, at most: kernels count them in 32 bits and round up. */
export const MAX_ELEMENTS = 2 ** 31;

export class Storage {
  readonly gpu: Gpu;
  readonly block: Block;
  #holders = 0;

  constructor(gpu: Gpu, block: Block) {
    this.gpu = gpu;
    this.block = block;
  }

  /** Whether one alone holds it. */
  get single(): boolean {
    return this.#holders === 1;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.block.dispose();
  }
}

/** Memory for elements of that shape. Throws TOO_LARGE, OutOfPoolMemory. */
export function allocate(
  gpu: Gpu,
  shape: Shape,
  dtype: Dtype,
  what: string,
  zeroed = false,
): Storage {
  checkElements(gpu, shape, dtype, what);
  const tag = `${what} ${dtype}${shown(shape)}`;
  return new Storage(gpu, gpu.allocate(bytesOf(dtype, sizeOf(shape)), { tag, zeroed }));
}

/** Throws TOO_LARGE where no kernel could bind, or count, so many elements. */
export function checkElements(gpu: Gpu, shape: Shape, dtype: Dtype, what: string): void {
  const count = sizeOf(shape);
  const bytes = bytesOf(dtype, count);
  if (count <= MAX_ELEMENTS && bytes <= gpu.maxBinding) return;
  throw new CenoteError(
    "TOO_LARGE",
    `${what}: wanted a tensor ${dtype}${shown(shape)} of ${count} elements and ${formatBytes(bytes)}; on this adapter one holds at most ${MAX_ELEMENTS} elements and ${formatBytes(gpu.maxBinding)}`,
    { mend: "Split it along its first axis, or take a smaller dtype." },
  );
}
