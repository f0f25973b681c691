// Rows, columns and values of a sparse matrix in any format, sorted by row, then column.
import type { Gpu } from "../../../gpu/index.ts";
import { arange } from "../create.ts";
import { searchedRange } from "../search.ts";
import { made, type SparseFormat, type SparseParts } from "./parts.ts";

export interface Compressed {
  readonly gpu: Gpu;
  readonly format: SparseFormat;
  readonly shape: readonly [rows: number, columns: number];
  readonly parts: SparseParts;
}

/** The parts as coo. */
export function coordinatesOf(matrix: Compressed): SparseParts {
  const { gpu, format, parts } = matrix;
  const { values, indices } = parts;
  if (format === "2:4") return ofHalves(matrix);
  if (format === "bsr") return ofBlocks(matrix);
  if (format === "coo")
    return { values: values.copy(), rows: parts.rows!.copy(), indices: indices.copy() };
  const lines = made(gpu, searchedRange(parts.indptr!, 0, values.size, "right"), values.size).sub(
    1,
  );
  if (format === "csr") return { values: values.copy(), rows: lines, indices: indices.copy() };
  const order = indices.argSort();
  return {
    values: values.take(order),
    rows: indices.take(order),
    indices: lines.take(order),
  };
}

function ofHalves({
  gpu,
  shape: [rows, columns],
  parts: { values, indices },
}: Compressed): SparseParts {
  const place = indices.cast("i32").add(8).expandDims(2);
  const both = place.mod(4).concat([place.floorDiv(4)], 2);
  const columnsOf = both.add(arange(gpu, 0, columns, 4).expandDims(1)).reshape(-1);
  const rowsOf = arange(gpu, 0, rows)
    .expandDims(1)
    .broadcastTo(rows, columns / 2)
    .reshape(-1);
  return { values: values.reshape(-1).copy(), rows: rowsOf, indices: columnsOf };
}

function ofBlocks({ gpu, parts }: Compressed): SparseParts {
  const { values, indices } = parts;
  const [blocks, height, width] = values.shape as [number, number, number];
  const line = made(gpu, searchedRange(parts.indptr!, 0, blocks, "right"), blocks).sub(1);
  const shape = [blocks, height, width];
  const rowsOf = line
    .mul(height)
    .reshape(-1, 1, 1)
    .add(arange(gpu, 0, height).reshape(-1, 1))
    .broadcastTo(shape)
    .reshape(-1);
  const columnsOf = indices
    .mul(width)
    .reshape(-1, 1, 1)
    .add(arange(gpu, 0, width))
    .broadcastTo(shape)
    .reshape(-1);
  const order = rowsOf.argSort();
  return {
    values: values.reshape(-1).take(order),
    rows: rowsOf.take(order),
    indices: columnsOf.take(order),
  };
}
