// Sparse matrices that the host or the exchange has.
import { CenoteError } from "../../../base/index.ts";
import type { Gpu } from "../../../gpu/index.ts";
import { told } from "../arguments.ts";
import { createTensor } from "../create.ts";
import type { GpuTensor } from "../tensor.ts";
import type { HostSparse } from "./parts.ts";
import { GpuSparse, sparseOf } from "./sparse.ts";

type Indices = ArrayLike<number | bigint> & ArrayBufferView;

/**
 * A matrix that the host or the exchange has. Rejects with SPARSE_FORMAT where it is none: indices must lie within the
 * shape, pointers must not fall and end with as many elements as there are. TENSOR_DATA, OutOfPoolMemory.
 */
export async function createSparse(gpu: Gpu, host: HostSparse): Promise<GpuSparse> {
  const [rows, columns] = checked(host);
  const made: GpuTensor[] = [];
  const keep = async (making: Promise<GpuTensor>) => {
    const one = await making;
    made.push(one);
    return one;
  };
  const index = (array: ArrayBufferView) => {
    const numbers = array instanceof Int32Array ? array : Int32Array.from(array as never, Number);
    return keep(createTensor(gpu, numbers, { dtype: "i32", name: "sparse index" }));
  };
  try {
    const values = await keep(createTensor(gpu, host.data, { name: "sparse values" }));
    if (host.format !== "coo") {
      const indptr = await index(host.indptr);
      const indices = await index(host.indices);
      made.length = 0; // they are the matrix's
      return new GpuSparse(host.format, [rows, columns], { values, indptr, indices });
    }
    const [down, across] = [await index(host.coords[0]!), await index(host.coords[1]!)];
    return sparseOf("coo", [rows, columns], () => {
      const byColumn = across.argSort();
      const order = byColumn.take(down.take(byColumn).argSort());
      return { values: values.take(order), rows: down.take(order), indices: across.take(order) };
    });
  } finally {
    for (const one of made) one.dispose();
  }
}

function wrong(wanted: string, found: string): CenoteError {
  return new CenoteError("SPARSE_FORMAT", `sparse: wanted ${wanted}, found ${found}`, {
    mend: 'As SciPy has it: { format, shape, data, indptr, indices }, or { format: "coo", shape, data, coords }.',
  });
}

/** The matrix's shape, when all parts suit it. */
function checked(host: HostSparse): [rows: number, columns: number] {
  const { format, shape } = (host ?? {}) as Partial<HostSparse>;
  if (format !== "csr" && format !== "csc" && format !== "coo") {
    throw wrong("a matrix as csr, csc or coo", told(host));
  }
  const sizes = Array.isArray(shape) ? shape : [];
  const fits = (size: unknown) =>
    Number.isSafeInteger(size) && (size as number) >= 0 && (size as number) < 2 ** 31;
  if (sizes.length !== 2 || !sizes.every(fits)) {
    throw wrong("a shape [rows, columns] of sizes from 0 to 2147483647", told(shape));
  }
  const [rows, columns] = sizes as [number, number];
  if (!ArrayBuffer.isView(host.data)) throw wrong("values in a typed array", told(host.data));
  const count = (host.data as unknown as ArrayLike<number>).length;
  if (host.format === "coo") {
    const pair = Array.isArray(host.coords) && host.coords.length === 2 ? host.coords : [];
    checkIndices(pair[0], count, rows, "rows (coords[0])");
    checkIndices(pair[1], count, columns, "columns (coords[1])");
    return [rows, columns];
  }
  const [lines, across] = host.format === "csr" ? [rows, columns] : [columns, rows];
  checkIndices(host.indices, count, across, "indices");
  checkPointers(host.indptr, lines, count);
  return [rows, columns];
}

/** Throws unless there are so many whole numbers from 0 to below `limit`. */
function checkIndices(array: unknown, count: number, limit: number, what: string): void {
  const numbers = indicesIn(array, what);
  if (numbers.length !== count) {
    throw wrong(`${count} ${what}, one for each value`, `${numbers.length}`);
  }
  for (let i = 0; i < count; i++) {
    const one = Number(numbers[i]);
    if (Number.isInteger(one) && one >= 0 && one < limit) continue;
    throw wrong(`${what} from 0 to ${limit - 1}`, `${numbers[i]} at ${i}`);
  }
}

/** Throws unless pointers begin with 0, never fall, and end with `count`. */
function checkPointers(array: unknown, lines: number, count: number): void {
  const numbers = indicesIn(array, "indptr");
  if (numbers.length !== lines + 1) {
    throw wrong(`${lines + 1} numbers in indptr, one more than lines`, `${numbers.length}`);
  }
  let before = 0;
  for (let i = 0; i <= lines; i++) {
    const one = Number(numbers[i]);
    const right = i === 0 ? one === 0 : one >= before;
    if (!right || !Number.isInteger(one)) {
      throw wrong("indptr that begins with 0 and never falls", `${numbers[i]} at ${i}`);
    }
    before = one;
  }
  if (before !== count) throw wrong(`indptr that ends with ${count}, the values`, `${before}`);
}

function indicesIn(array: unknown, what: string): Indices {
  if (ArrayBuffer.isView(array) && !(array instanceof DataView)) return array as Indices;
  throw wrong(`${what} in a typed array`, told(array));
}
