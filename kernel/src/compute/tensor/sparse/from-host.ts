// Sparse matrices that the host or the exchange has.
import { CenoteError } from "../../../base/index.ts";
import type { Gpu } from "../../../gpu/index.ts";
import { createTensor } from "../create.ts";
import { shown } from "../shape.ts";
import type { HostSparse } from "./parts.ts";
import { GpuSparse, sparseOf } from "./sparse.ts";

/** A matrix that the host or the exchange has. Rejects with SPARSE_FORMAT, TENSOR_DATA. */
export async function createSparse(gpu: Gpu, host: HostSparse): Promise<GpuSparse> {
  const whole = (array: ArrayBufferView) => {
    const values = array as unknown as ArrayLike<number | bigint>;
    return createTensor(
      gpu,
      array instanceof Int32Array ? array : Int32Array.from(values, Number),
      { dtype: "i32", name: "sparse index" },
    );
  };
  if (host.shape.length !== 2 || !["csr", "csc", "coo"].includes(host.format)) {
    throw new CenoteError(
      "SPARSE_FORMAT",
      `sparse: wanted a matrix as csr, csc or coo, found ${host.format} ${shown(host.shape)}`,
    );
  }
  const values = await createTensor(gpu, host.data, { name: "sparse values" });
  if (host.format !== "coo") {
    return new GpuSparse(host.format, host.shape, {
      values,
      indptr: await whole(host.indptr),
      indices: await whole(host.indices),
    });
  }
  const [rows, columns] = [await whole(host.coords[0]!), await whole(host.coords[1]!)];
  try {
    return sparseOf("coo", host.shape, () => {
      const byColumn = columns.argSort();
      const order = byColumn.take(rows.take(byColumn).argSort());
      return { values: values.take(order), rows: rows.take(order), indices: columns.take(order) };
    });
  } finally {
    for (const one of [values, rows, columns]) one.dispose();
  }
}
