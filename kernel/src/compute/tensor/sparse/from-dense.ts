// Sparse matrices of dense ones.
import { CenoteError } from "../../../base/index.ts";
import { optionsOf, tensorOf, told } from "../arguments.ts";
import { searchedRange } from "../search.ts";
import { shown } from "../shape.ts";
import { GpuTensor } from "../tensor.ts";
import { tidy } from "../tidy.ts";
import type { SparseFormat } from "./parts.ts";
import { type GpuSparse, sparseOf } from "./sparse.ts";

export interface SparseOptions {
  /** Default csr. */
  format?: SparseFormat;
  /** Height and width of blocks, for bsr. Default [4, 4]. */
  block?: readonly [number, number];
}

/**
 * The elements of a dense matrix that are not 0; of bsr the blocks that hold any; of "2:4" the two greatest by size of
 * each four in a row. Rejects with SPARSE_FORMAT, SHAPE.
 */
export async function sparseFrom(
  dense: GpuTensor,
  options: SparseOptions = {},
): Promise<GpuSparse> {
  const { format = "csr", block = [4, 4] } = optionsOf(options, "sparse");
  tensorOf(dense, "sparse", "the matrix");
  if (dense.rank !== 2)
    throw new CenoteError("SHAPE", `sparse: wanted a matrix, found ${dense.described}`);
  if (format === "2:4") return halves(dense);
  if (format === "bsr") return blocks(dense, block);
  if (format !== "csr" && format !== "csc" && format !== "coo") {
    throw new CenoteError(
      "SPARSE_FORMAT",
      `sparse: wanted csr, csc, coo, bsr or 2:4, found ${told(format)}`,
    );
  }
  const coo = await kept(dense, dense.shape);
  if (format === "coo") return coo;
  try {
    return coo.to(format);
  } finally {
    coo.dispose();
  }
}

/** Where `of` is not 0, with its elements. */
async function kept(of: GpuTensor, shape: readonly number[]): Promise<GpuSparse> {
  const { gpu } = of;
  const [running] = tidy(() => [of.reshape(-1).cast("bool").cumSum().compute()]);
  try {
    const count = running!.size === 0 ? 0 : await lastOf(running!);
    return sparseOf("coo", shape, () => {
      const at = new GpuTensor(gpu, [count], searchedRange(running!, 1, count), "sparse index");
      const width = Math.max(1, shape[1]!);
      return { values: of.reshape(-1).take(at), rows: at.floorDiv(width), indices: at.mod(width) };
    });
  } finally {
    running!.dispose();
  }
}

async function lastOf(running: GpuTensor): Promise<number> {
  using last = running.slice(-1);
  return Number((await last.read())[0]);
}

async function blocks(dense: GpuTensor, block: readonly [number, number]): Promise<GpuSparse> {
  const [rows, columns] = dense.shape as [number, number];
  const isPair = Array.isArray(block) && block.length === 2;
  if (!isPair || !block.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new CenoteError(
      "SHAPE",
      `sparse: wanted blocks as [height, width], whole numbers from 1 up, found ${told(block)}`,
    );
  }
  const [height, width] = block;
  if (rows % height !== 0 || columns % width !== 0) {
    throw new CenoteError(
      "SHAPE",
      `sparse: wanted a matrix of whole blocks ${shown([height, width])}, found ${shown(dense.shape)}`,
    );
  }
  const [tiles, any] = tidy(() => {
    const all = dense
      .reshape(rows / height, height, columns / width, width)
      .transpose(0, 2, 1, 3)
      .copy();
    return [all, all.any([2, 3]).compute()];
  });
  try {
    using coo = await kept(any!, any!.shape);
    using places = coo.to("csr");
    return sparseOf("bsr", dense.shape, () => {
      const { rows: line, indices } = coo.parts;
      const at = line!.mul(columns / width).add(indices);
      const values = tiles!.reshape(-1, height, width).take(at);
      return { values, indices: places.parts.indices.copy(), indptr: places.parts.indptr!.copy() };
    });
  } finally {
    tiles!.dispose();
    any!.dispose();
  }
}

function halves(dense: GpuTensor): GpuSparse {
  const [rows, columns] = dense.shape as [number, number];
  if (columns % 4 !== 0) {
    throw new CenoteError(
      "SHAPE",
      `sparse 2:4: wanted a multiple of 4 columns, found ${shown(dense.shape)}`,
    );
  }
  return sparseOf("2:4", dense.shape, () => {
    const fours = dense.reshape(rows, columns / 4, 4);
    const places = fours.abs().argSort({ descending: true }).slice(null, null, [0, 2]).sort();
    const packed = places
      .slice(null, null, 0)
      .add(places.slice(null, null, 1).mul(4))
      .sub(8);
    return {
      values: fours.takeAlong(places).reshape(rows, columns / 2),
      indices: packed.cast("i4"),
    };
  });
}
