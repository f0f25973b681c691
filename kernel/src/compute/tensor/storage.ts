// The memory of tensors: a block of the pool that views and waiting expressions share. The last of its holders
// to end gives it back.
import { CenoteError, formatBytes } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { bytesOf, type Dtype, type HostArray } from "./dtypes.ts";
import { packedBytes } from "./packing.ts";
import { type Shape, shown, sizeOf } from "./shape.ts";
import { noteMemory } from "./tidy.ts";

/** Elements of a tensor, at most: kernels count them in 32 bits and round up. */
export const MAX_ELEMENTS = 2 ** 31;

export class Storage {
  readonly gpu: Gpu;
  readonly block: Block;
  /** Elements that it was made for; 0 of memory that others write too. */
  readonly count: number;
  #holders = 0;
  #host: HostArray | undefined;
  /** What the host has and the device does not yet. */
  #unwritten: Dtype | undefined;

  constructor(gpu: Gpu, block: Block, count = 0) {
    this.gpu = gpu;
    this.block = block;
    this.count = count;
  }

  /** All its elements, where the host has them. */
  get host(): HostArray | undefined {
    return this.#host;
  }

  /** Elements that the device gets when it needs them. The array must stay as it is. */
  keep(elements: HostArray, dtype: Dtype): void {
    this.#host = elements;
    this.#unwritten = dtype;
  }

  /** Elements as they were read back; a copy is kept, where they are all. */
  know(elements: HostArray): void {
    if (elements.length === this.count) this.#host ??= elements.slice();
  }

  /** The block with the elements in it. */
  ready(): Block {
    const dtype = this.#unwritten;
    if (dtype) {
      const data = packedBytes(this.#host!, dtype, this.block.bytes);
      this.gpu.write({ block: this.block, data });
      this.#unwritten = undefined;
    }
    return this.block;
  }

  get held(): boolean {
    return this.#holders > 0;
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
  const count = sizeOf(shape);
  const storage = new Storage(gpu, gpu.allocate(bytesOf(dtype, count), { tag, zeroed }), count);
  noteMemory(storage);
  return storage;
}

/** Whether a block holds so many elements, and a kernel can bind and count them. */
export const fits = (gpu: Gpu, count: number, dtype: Dtype): boolean =>
  count <= MAX_ELEMENTS && bytesOf(dtype, count) <= gpu.maxBinding;

/** Throws TOO_LARGE where no kernel could bind, or count, so many elements. */
export function checkElements(gpu: Gpu, shape: Shape, dtype: Dtype, what: string): void {
  const count = sizeOf(shape);
  const bytes = bytesOf(dtype, count);
  if (fits(gpu, count, dtype)) return;
  throw new CenoteError(
    "TOO_LARGE",
    `${what}: wanted a tensor ${dtype}${shown(shape)} of ${count} elements and ${formatBytes(bytes)}; on this adapter one holds at most ${MAX_ELEMENTS} elements and ${formatBytes(gpu.maxBinding)}`,
    { mend: "Split it along its first axis, or take a smaller dtype." },
  );
}
