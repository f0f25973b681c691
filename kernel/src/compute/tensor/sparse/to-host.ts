// A sparse matrix on the host.
import type { HostSparse, SparseFormat, SparseParts } from "./parts.ts";

interface Matrix extends Disposable {
  readonly format: SparseFormat;
  readonly shape: readonly [rows: number, columns: number];
  readonly parts: SparseParts;
  to(format: "csr"): Matrix;
}

/** As `put` and SciPy take it; bsr and 2:4 as csr. One read-back a buffer. */
export async function toHost(matrix: Matrix): Promise<HostSparse> {
  const { format, shape, parts } = matrix;
  if (format === "bsr" || format === "2:4") {
    using rows = matrix.to("csr");
    return await toHost(rows);
  }
  const { values, indices, indptr, rows } = parts;
  const [data, index, other] = await Promise.all([
    values.read(),
    indices.read(),
    (indptr ?? rows)!.read(),
  ]);
  if (format === "coo") return { format, shape, coords: [other, index], data };
  return { format, shape, indptr: other, indices: index, data };
}
