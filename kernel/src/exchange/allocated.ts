// Typed arrays that lie in an arena before they are shared: `put` of such an array copies nothing.
import type * as Arrow from "apache-arrow";
import { CenoteError, shown } from "../base/index.ts";
import type { Node } from "./batch-message.ts";
import { arrayOver, DTYPES, type Dtype, elementBytes, type NumberArray } from "./columns.ts";
import type { Draft } from "./draft.ts";
import { StreamLayout } from "./stream.ts";
import { isShape, tensorHead } from "./tensors.ts";

/** The array for a dtype. */
export interface ArraysByDtype {
  int8: Int8Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  int16: Int16Array<ArrayBuffer>;
  uint16: Uint16Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint64: BigUint64Array<ArrayBuffer>;
  float16: Float16Array<ArrayBuffer>;
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
}

/** An array in an arena, and the stream that it is the contents of. */
interface Allocation {
  draft: Draft;
  layout: StreamLayout;
  head: Arrow.Table;
  array: NumberArray;
  shape: readonly number[];
}

export class Allocated {
  readonly #byBuffer = new WeakMap<ArrayBufferLike, Allocation | { putAs: string }>();

  /** Throws BAD_SHAPE, BAD_DTYPE, and what `draft` throws. */
  make(
    arrow: typeof Arrow,
    shape: readonly number[],
    dtype: Dtype,
    draft: (bytes: number) => Draft,
  ): NumberArray {
    const head = tensorHead(arrow, dtype, shape);
    const count = shape.reduce((a, b) => a * b, 1);
    const elements = { bytes: count * elementBytes(dtype) };
    const none = { bytes: 0 };
    const rows = shape[0]!;
    const flat = shape.length === 1;
    const nodes: Node[] = flat
      ? [[rows, 0]]
      : [
          [rows, 0],
          [count, 0],
        ]; // a list and its items
    const buffers = flat ? [none, elements] : [none, none, elements];
    const layout = new StreamLayout(arrow, head, [{ rows, nodes, buffers }]);
    const made = draft(layout.bytes);
    const { buffer, byteOffset } = layout.buffers(made.memory)[0]!.at(-1)!;
    const array = arrayOver(dtype, buffer, byteOffset, count);
    this.#byBuffer.set(buffer, { draft: made, layout, head, array, shape });
    return array;
  }

  /**
   * What was allocated as this array, whole; undefined for others. It can be taken once. Throws ALREADY_PUT.
   * `shape`: that of the tensor that it is the data of.
   */
  take(array: ArrayBufferView, shape: readonly number[] | undefined, name: string) {
    const found = this.#byBuffer.get(array.buffer);
    if (!found) return undefined;
    if ("putAs" in found) {
      throw new CenoteError(
        "ALREADY_PUT",
        `this array was put as ${JSON.stringify(found.putAs)}, and is empty since: its memory is shared`,
        { mend: `Get it: await get(${JSON.stringify(found.putAs)}), or allocate another.` },
      );
    }
    const { byteOffset, byteLength } = found.array;
    const whole = array.byteOffset === byteOffset && array.byteLength === byteLength;
    if (!whole || (shape && String(shape) !== String(found.shape))) return undefined;
    this.#byBuffer.set(array.buffer, { putAs: name });
    return found;
  }
}

/** Throws BAD_SHAPE. */
export function checkShape(shape: unknown): readonly number[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (isShape(sizes) && sizes.length > 0) return [...sizes];
  throw new CenoteError(
    "BAD_SHAPE",
    `wanted a number of elements, or sizes [n, …] of one dimension or more, found ${shown(shape)}`,
  );
}

/** Throws BAD_DTYPE. */
export function checkDtype(dtype: unknown): Dtype {
  if (DTYPES.includes(dtype as Dtype)) return dtype as Dtype;
  throw new CenoteError(
    "BAD_DTYPE",
    `dtype: wanted one of ${DTYPES.join(", ")}, found ${shown(dtype)}`,
  );
}
