// A matrix as a table.
import { CenoteError } from "../../base/index.ts";
import { type Column, ColumnStore, layoutOf, MAX_CHUNK_ROWS, TYPES } from "../../columns/index.ts";
import { wholeOf } from "../plan.ts";
import { StoreSource } from "../sources.ts";
import { GpuTable } from "../table.ts";
import { computed } from "./fuse.ts";
import type { Linear } from "./linear.ts";
import { shown } from "./shape.ts";

/** A matrix as a table of float32 columns of these names; the columns are copies. Dispose it when done. Throws SHAPE. */
export function tensorToTable(matrix: Linear, names?: readonly string[]): GpuTable {
  const [rows, width] = matrix.shape as [number, number];
  const called = names ?? Array.from({ length: width ?? 0 }, (_, j) => `c${j}`);
  if (
    matrix.rank !== 2 ||
    called.length !== width ||
    new Set(called).size !== width ||
    rows > MAX_CHUNK_ROWS
  ) {
    throw new CenoteError(
      "SHAPE",
      `toTable: wanted a matrix of at most ${MAX_CHUNK_ROWS} rows, and a name for each of its columns; found ${shown(matrix.shape)} and ${called.length} names`,
    );
  }
  const layout = layoutOf(TYPES.float32, rows, false);
  const columns = called.map((name, j): Column => {
    using column = matrix.slice(null, j).cast("f32");
    const { storage } = computed(matrix.gpu, column.expression(), [rows], `column ${name}`);
    return {
      name,
      type: TYPES.float32,
      nulls: false,
      chunks: [{ rows, layout, block: storage.ready() }],
    };
  });
  return new GpuTable(wholeOf(new StoreSource(new ColumnStore(matrix.gpu, columns, [rows]))), true);
}
