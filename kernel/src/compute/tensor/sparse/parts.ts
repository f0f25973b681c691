// Formats of sparse matrices, and the tensors that each is made of.
import type { Gpu } from "../../../gpu/index.ts";
import type { Leaf } from "../expr.ts";
import { GpuTensor } from "../tensor.ts";

export type SparseFormat = "csr" | "csc" | "coo" | "bsr" | "2:4";

/** The tensors of a format by their names in SciPy; of 2:4 the places are in `indices`. */
export interface SparseParts {
  readonly values: GpuTensor;
  /** csr, csc, bsr: where each line's elements begin, one more than there are lines. */
  readonly indptr?: GpuTensor;
  readonly indices: GpuTensor;
  /** coo: rows of the elements, beside their columns in `indices`. */
  readonly rows?: GpuTensor;
}

/** A sparse matrix as the host and the exchange have it. */
export type HostSparse =
  | {
      format: "csr" | "csc";
      shape: readonly number[];
      indptr: ArrayBufferView;
      indices: ArrayBufferView;
      data: ArrayBufferView;
    }
  | {
      format: "coo";
      shape: readonly number[];
      coords: readonly ArrayBufferView[];
      data: ArrayBufferView;
    };

/** Indices that a kernel found. */
export const made = (gpu: Gpu, found: Leaf, count: number) =>
  new GpuTensor(gpu, [count], found, "sparse index");
