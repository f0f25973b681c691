// Results in new memory, which goes back where they can't be written.
import type { Gpu } from "../../gpu/index.ts";
import type { Dtype } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, type Shape } from "./shape.ts";
import { allocate } from "./storage.ts";

/** Elements in the order of the rows, as `write` makes them, in memory that nobody holds yet. Throws TOO_LARGE, OutOfPoolMemory. */
export function written(
  gpu: Gpu,
  shape: Shape,
  dtype: Dtype,
  what: string,
  write: (to: Leaf) => void,
): Leaf {
  const to = leaf(allocate(gpu, shape, dtype, what), dtype, rowMajor(shape));
  try {
    write(to);
    return to;
  } catch (error) {
    to.storage.block.dispose();
    throw error;
  }
}
