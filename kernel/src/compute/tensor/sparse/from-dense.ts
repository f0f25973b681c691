// Sparse matrices of dense ones, and of those of other formats.
import { CenoteError } from "../../../base/index.ts";
import { optionsOf, tensorOf, told } from "../arguments.ts";
import { full } from "../create.ts";
import { searchedRange } from "../search.ts";
import { shown } from "../shape.ts";
import type { GpuTensor } from "../tensor.ts";
import { tidy } from "../tidy.ts";
import { made, type SparseFormat } from "./parts.ts";
import { placesOf } from "./places.ts";
import { GpuSparse, sparseOf } from "./sparse.ts";

const FORMATS: readonly SparseFormat[] = ["csr", "csc", "coo", "bsr", "2:4"];

export interface SparseOptions {
  /** Default csr. */
  format?: SparseFormat;
  /** Height and width of blocks, for bsr. Default [4, 4]. */
  block?: Sides;
}

type Sides = readonly [height: number, width: number];

/**
 * The elements of a dense matrix that are not 0; of bsr the blocks that hold any; of "2:4" the two greatest by size of
 * each four in a row. Of a sparse matrix the same elements in another format: 2:4 by way of the dense matrix, which is
 * at most twice as large, the others without it. Rejects with SPARSE_FORMAT, SHAPE.
 */
export async function sparseFrom(
  of: GpuTensor | GpuSparse,
  options: SparseOptions = {},
): Promise<GpuSparse> {
  const { format = "csr", block = [4, 4] } = optionsOf(options, "sparse");
  if (!FORMATS.includes(format)) {
    throw new CenoteError(
      "SPARSE_FORMAT",
      `sparse: wanted ${FORMATS.join(", ")}, found ${told(format)}`,
    );
  }
  if (of instanceof GpuSparse) return reformed(of, format, block);
  const dense = tensorOf(of, "sparse", "the matrix") as GpuTensor;
  if (dense.rank !== 2)
    throw new CenoteError("SHAPE", `sparse: wanted a matrix, found ${dense.described}`);
  if (format === "2:4") return halves(dense);
  if (format === "bsr") return blocks(dense, block);
  const coo = await kept(dense, dense.shape);
  if (format === "coo") return coo;
  try {
    return coo.to(format);
  } finally {
    coo.dispose();
  }
}

async function reformed(of: GpuSparse, format: SparseFormat, block: Sides): Promise<GpuSparse> {
  if (format === "bsr") return blocksOf(of, block);
  if (format !== "2:4") return of.to(format);
  using dense = of.toDense();
  return halves(dense);
}

/** Each element laid into its block. */
async function blocksOf(of: GpuSparse, block: Sides): Promise<GpuSparse> {
  const [height, width] = checkedBlock(of.shape, block);
  using coo = of.toCoo();
  const { values, rows, indices } = coo.parts as Required<GpuSparse["parts"]>;
  using places = await blockPlaces(rows, indices, [height, width]);
  const lines = of.shape[0] / height + 1;
  return sparseOf("bsr", of.shape, () => {
    const inside = rows.mod(height).mul(width).add(indices.mod(width)).take(places.order);
    const all = full(of.gpu, [places.count * height * width], 0, values.dtype);
    const laid = all.scatterAdd(
      places.group.mul(height * width).add(inside),
      values.take(places.order),
    );
    return {
      values: laid.reshape(places.count, height, width),
      indices: places.columns.copy(),
      indptr: made(of.gpu, searchedRange(places.rows, 0, lines), lines),
    };
  });
}

async function blockPlaces(rows: GpuTensor, columns: GpuTensor, [height, width]: Sides) {
  const [line, across] = tidy(() => [
    rows.floorDiv(height).compute(),
    columns.floorDiv(width).compute(),
  ]);
  using _line = line;
  using _across = across;
  return await placesOf(line!, across!);
}

/** Where `of` is not 0, with its elements. */
async function kept(of: GpuTensor, shape: readonly number[]): Promise<GpuSparse> {
  const { gpu } = of;
  const [flat, running] = tidy(() => {
    const all = of.reshape(-1);
    return [all, all.cast("bool").cumSum().compute()];
  }) as [GpuTensor, GpuTensor];
  using _flat = flat; // while the number is read
  using _running = running;
  const count = running.size === 0 ? 0 : await lastOf(running);
  return sparseOf("coo", shape, () => {
    const at = made(gpu, searchedRange(running, 1, count), count);
    const width = Math.max(1, shape[1]!);
    return { values: flat.take(at), rows: at.floorDiv(width), indices: at.mod(width) };
  });
}

async function lastOf(running: GpuTensor): Promise<number> {
  using last = running.slice(-1);
  return Number((await last.read())[0]);
}

/** Height and width of blocks that the matrix falls into. Throws SHAPE. */
function checkedBlock(shape: readonly number[], block: unknown): Sides {
  const [rows, columns] = shape as [number, number];
  const whole = (size: unknown) => Number.isSafeInteger(size) && (size as number) > 0;
  if (!(Array.isArray(block) && block.length === 2 && Array.from(block).every(whole))) {
    throw new CenoteError(
      "SHAPE",
      `sparse: wanted blocks as [height, width], whole numbers from 1 up, found ${told(block)}`,
    );
  }
  const [height, width] = block as [number, number];
  if (rows % height === 0 && columns % width === 0) return [height, width];
  throw new CenoteError(
    "SHAPE",
    `sparse: wanted a matrix of whole blocks ${shown([height, width])}, found ${shown(shape)}`,
  );
}

async function blocks(dense: GpuTensor, block: Sides): Promise<GpuSparse> {
  const [rows, columns] = dense.shape as [number, number];
  const [height, width] = checkedBlock(dense.shape, block);
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
