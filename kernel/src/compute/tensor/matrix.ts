// Columns of tables as a matrix; to-table.ts has the way back.
import type { Column, ColumnStore } from "../../columns/index.ts";
import { col } from "../expr.ts";
import { PLAN } from "../query.ts";
import { materialise } from "../sources.ts";
import type { GpuTable } from "../table.ts";
import { copyInto } from "./assemble.ts";
import { call, type Expr, leaf } from "./expr.ts";
import { rowMajor } from "./shape.ts";
import { allocate, Storage } from "./storage.ts";
import { GpuTensor } from "./tensor.ts";

const NAN: Expr = { kind: "constant", dtype: "f32", word: 0x7fc00000 };

/**
 * Columns of numbers or bools of a table or query, all of them by default, as a matrix f32 (rows, columns); null is
 * NaN. Rejects as the query and its casts do, and with TOO_LARGE.
 */
export async function tableToTensor(
  table: GpuTable,
  columns: readonly string[] = table.columns,
): Promise<GpuTensor> {
  const floats = columns.map((name) => ({ [name]: col(name).cast("float32") }));
  using store = await materialise(table.select(...floats)[PLAN]);
  const { gpu, rows } = store;
  const shape = [rows, columns.length];
  const out = allocate(gpu, shape, "f32", "matrix");
  const [stride] = rowMajor(shape);
  for (const [j, name] of columns.entries()) {
    let begin = 0;
    for (const chunk of store.columns.get(name)!.chunks) {
      copyInto(gpu, valuesOf(gpu, chunk), [chunk.rows], out, [stride!], begin * stride! + j);
      begin += chunk.rows;
    }
  }
  return new GpuTensor(gpu, shape, leaf(out, "f32", rowMajor(shape)), "matrix");
}

/** A chunk's elements, with NaN where they are null. */
function valuesOf(gpu: ColumnStore["gpu"], { block, layout }: Column["chunks"][number]): Expr {
  const storage = new Storage(gpu, block);
  const values = leaf(storage, "f32", [1]);
  if (layout.validity < 0) return values;
  return call("where", "f32", [leaf(storage, "bool", [1], layout.validity * 8), values, NAN]);
}
