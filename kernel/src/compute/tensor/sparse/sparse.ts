// Sparse matrices in the pool. Formats are SciPy's (csr, csc, coo, bsr), and "2:4", which keeps two of each four
// neighbours in a row. Indices are i32 and sorted by row, then column (csc: by column, then row).
import { CenoteError, currentCell, formatBytes, INSPECT, lineWord } from "../../../base/index.ts";
import type { Gpu } from "../../../gpu/index.ts";
import { BLOCKS, type Block } from "../../../pool/index.ts";
import { tensorOf, told } from "../arguments.ts";
import { disposed, lost } from "../base.ts";
import { full } from "../create.ts";
import { DTYPES } from "../dtypes.ts";
import type { Leaf } from "../expr.ts";
import { searchedRange } from "../search.ts";
import { shown } from "../shape.ts";
import { GpuTensor } from "../tensor.ts";
import { tidy } from "../tidy.ts";
import { coordinatesOf } from "./coordinates.ts";
import { multiplyBlocks, multiplyHalves, multiplyRows } from "./kernels.ts";
import { type HostSparse, made, type SparseFormat, type SparseParts } from "./parts.ts";
import { placesOf } from "./places.ts";
import { toHost } from "./to-host.ts";

export class GpuSparse {
  readonly format: SparseFormat;
  readonly shape: readonly [rows: number, columns: number];
  readonly gpu: Gpu;
  readonly cell: number;
  readonly line: number;
  readonly #parts: SparseParts;

  constructor(format: SparseFormat, shape: readonly number[], parts: SparseParts) {
    this.format = format;
    this.shape = [shape[0]!, shape[1]!];
    this.#parts = parts;
    this.gpu = parts.values.gpu;
    this.cell = currentCell();
    this.line = lineWord[0]!;
    for (const part of this.#tensors()) part.compute();
  }

  #tensors(): GpuTensor[] {
    const { values, indptr, indices, rows } = this.#parts;
    return [values, indices, ...(indptr ? [indptr] : []), ...(rows ? [rows] : [])];
  }

  /** The tensors that it is made of, which are its own. Throws DISPOSED, TENSOR_LOST, with the matrix's cell. */
  get parts(): SparseParts {
    if (this.gpu.pool.closed) throw lost(this.described);
    if (this.disposed) throw disposed(this.described);
    return this.#parts;
  }

  get disposed(): boolean {
    return this.#tensors().some((part) => part.disposed);
  }

  /** What it is in errors. */
  get described(): string {
    const where = this.cell > 0 ? ` (cell [${this.cell}] line ${this.line})` : "";
    return `sparse matrix ${this.format} ${this.#parts.values.dtype}${shown(this.shape)}${where}`;
  }

  /** Elements that are kept; zeros within blocks and pairs count. */
  get count(): number {
    return this.#parts.values.size;
  }

  /** Bytes in the pool, and those that the dense matrix of this dtype would take. */
  get bytes(): { sparse: number; dense: number } {
    const sparse = this.#tensors().reduce((sum, part) => sum + part.bytes, 0);
    const { bits } = DTYPES[this.#parts.values.dtype];
    return { sparse, dense: Math.ceil((this.shape[0] * this.shape[1] * bits) / 8) };
  }

  /** Format, dtype, shape, elements and bytes, as in "csr f32[100, 100], 480 elements (4 KiB, dense 39.1 KiB)". */
  toString(): string {
    const { sparse, dense } = this.bytes;
    const { dtype } = this.#parts.values;
    const memory = `${formatBytes(sparse)}, dense ${formatBytes(dense)}`;
    return `${this.format} ${dtype}${shown(this.shape)}, ${this.count.toLocaleString("en-GB")} elements (${memory})`;
  }

  [INSPECT](): string {
    return `GpuSparse ${this}`;
  }

  dispose(): void {
    for (const part of this.#tensors()) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [BLOCKS](): Iterable<Block> {
    return this.#tensors().flatMap((part) => [...part[BLOCKS]()]);
  }

  /** A sparse matrix of parts made by `body`, whose temporaries end with it. */
  #made(format: SparseFormat, shape: readonly number[], body: () => SparseParts): GpuSparse {
    return sparseOf(format, shape, body);
  }

  /** Rows, columns and values of the kept elements, sorted by row. Elements of 2:4 and bsr that are zero are kept. Derivative: the places. */
  toCoo(): GpuSparse {
    return this.#made("coo", this.shape, () => coordinatesOf(this));
  }

  /** In another of csr, csc and coo; `sparseFrom` makes bsr and 2:4 too. Derivative: the places. Throws SPARSE_FORMAT. */
  to(format: "csr" | "csc" | "coo"): GpuSparse {
    const coo = this.toCoo();
    if (format === "coo") return coo;
    const { values, rows, indices } = coo.parts as Required<SparseParts>;
    try {
      return this.#made(format, this.shape, () => {
        if (format === "csr") {
          return {
            values: values.copy(),
            indices: indices.copy(),
            indptr: made(this.gpu, searchedRange(rows, 0, this.shape[0] + 1), this.shape[0] + 1),
          };
        }
        const order = indices.argSort();
        const sorted = indices.take(order);
        const indptr = made(
          this.gpu,
          searchedRange(sorted, 0, this.shape[1] + 1),
          this.shape[1] + 1,
        );
        return { values: values.take(order), indices: rows.take(order), indptr };
      });
    } finally {
      coo.dispose();
    }
  }

  /** The dense matrix. Elements at one place are added up. Derivative: the places. */
  toDense(): GpuTensor {
    const coo = this.toCoo();
    const { values, rows, indices } = coo.parts as Required<SparseParts>;
    try {
      const [height, width] = this.shape;
      return tidy(() => {
        const flat = full(this.gpu, [height * width], 0, values.dtype);
        return flat.scatterAdd(rows.mul(width).add(indices), values).reshape(height, width);
      });
    } finally {
      coo.dispose();
    }
  }

  /** Rows and columns exchanged: csr becomes csc and csc csr over the same memory; others are made anew, as coo. Derivative: the places. */
  transpose(): GpuSparse {
    const shape = [this.shape[1], this.shape[0]];
    const { values, indices, indptr } = this.parts;
    const shared = (x: GpuTensor) => x.reshape(x.shape);
    if (this.format === "csr" || this.format === "csc") {
      const format = this.format === "csr" ? "csc" : "csr";
      return this.#made(format, shape, () => ({
        values: shared(values),
        indices: shared(indices),
        indptr: shared(indptr!),
      }));
    }
    const coo = this.toCoo();
    const { rows, indices: columns, values: kept } = coo.parts as Required<SparseParts>;
    try {
      return this.#made("coo", shape, () => {
        const order = columns.argSort();
        return { values: kept.take(order), rows: columns.take(order), indices: rows.take(order) };
      });
    } finally {
      coo.dispose();
    }
  }

  /**
   * Times a dense matrix (columns, n), or a vector (columns), as f32 added up in the order of the columns. Derivative:
   * this, the dense one. Throws SHAPE.
   */
  matmul(dense: GpuTensor): GpuTensor {
    mustBeTensor(dense, "sparse matmul");
    if (dense.rank < 1 || dense.rank > 2 || dense.shape[0] !== this.shape[1]) {
      throw new CenoteError(
        "SHAPE",
        `sparse matmul: wanted (${this.shape[1]}, n) or (${this.shape[1]}), found ${dense.described}`,
      );
    }
    return tidy(() => {
      const wide = dense.rank === 1 ? dense.expandDims(1) : dense;
      const [rows] = this.shape;
      if (rows * wide.shape[1]! === 0) return full(this.gpu, [rows, ...dense.shape.slice(1)], 0);
      const found = this.#multiply(wide);
      const result = new GpuTensor(this.gpu, [rows, wide.shape[1]!], found, "sparse matmul");
      return result.reshape(rows, ...dense.shape.slice(1));
    });
  }

  #multiply(dense: GpuTensor): Leaf {
    const { values, indices, indptr } = this.parts;
    dense.expression(this.gpu);
    if (this.format === "csr") return multiplyRows(indptr!, indices, values, dense);
    if (this.format === "bsr") return multiplyBlocks(indptr!, indices, values, dense);
    if (this.format === "2:4") return multiplyHalves(values, indices, dense);
    const rows = this.to("csr");
    try {
      return rows.#multiply(dense);
    } finally {
      rows.dispose();
    }
  }

  /** The same places with other values: `s.map((v) => v.mul(2))`. What zeros would become is not looked at. Derivative: the function's. */
  map(change: (values: GpuTensor) => GpuTensor): GpuSparse {
    const { values, indices, indptr, rows } = this.parts;
    const shared = (x: GpuTensor) => x.reshape(x.shape);
    if (typeof change !== "function") {
      throw new CenoteError("OPERAND", `sparse map: wanted a function, found ${told(change)}`);
    }
    return this.#made(this.format, this.shape, () => ({
      values: this.#changed(change(values)),
      indices: shared(indices),
      ...(indptr ? { indptr: shared(indptr) } : {}),
      ...(rows ? { rows: shared(rows) } : {}),
    }));
  }

  #changed(values: unknown): GpuTensor {
    mustBeTensor(values, "sparse map");
    if (shown(values.shape) === shown(this.parts.values.shape)) return values;
    throw new CenoteError(
      "SHAPE",
      `sparse map: wanted values ${shown(this.parts.values.shape)} back, found ${values.described}`,
    );
  }

  /** Times the elements of a dense matrix of this shape, place by place; coo. Derivative: this, the dense one. Throws SHAPE. */
  mul(dense: GpuTensor): GpuSparse {
    mustBeTensor(dense, "sparse mul");
    if (dense.rank !== 2 || dense.shape[0] !== this.shape[0] || dense.shape[1] !== this.shape[1]) {
      throw new CenoteError(
        "SHAPE",
        `sparse mul: wanted a dense matrix ${shown(this.shape)}, found ${dense.described}`,
      );
    }
    const coo = this.toCoo();
    const { values, rows, indices } = coo.parts as Required<SparseParts>;
    try {
      return this.#made("coo", this.shape, () => {
        const places = rows.mul(this.shape[1]).add(indices);
        return {
          values: values.mul(dense.reshape(-1).take(places)),
          rows: rows.copy(),
          indices: indices.copy(),
        };
      });
    } finally {
      coo.dispose();
    }
  }

  /** Sum of two matrices of one shape: coo, with elements at one place added up. Derivative: nothing. Rejects with SHAPE. */
  async add(other: GpuSparse): Promise<GpuSparse> {
    if (!(other instanceof GpuSparse)) {
      throw new CenoteError("OPERAND", `sparse add: wanted a sparse matrix, found ${told(other)}`);
    }
    if (String(other.shape) !== String(this.shape)) {
      throw new CenoteError(
        "SHAPE",
        `sparse add: wanted ${shown(this.shape)}, found ${shown(other.shape)}`,
      );
    }
    using a = this.toCoo();
    using b = other.toCoo();
    using both = this.#made("coo", this.shape, () => {
      const [x, y] = [a.parts, b.parts] as Required<SparseParts>[];
      return {
        values: x!.values.concat([y!.values]),
        rows: x!.rows.concat([y!.rows]),
        indices: x!.indices.concat([y!.indices]),
      };
    });
    return await both.coalesce();
  }

  /** Elements at one place added up, in their order; coo. Zeros stay. One read-back, of their number. Derivative: the places. */
  async coalesce(): Promise<GpuSparse> {
    using coo = this.toCoo();
    const { values, rows, indices } = coo.parts as Required<SparseParts>;
    using places = await placesOf(rows, indices);
    return this.#made("coo", this.shape, () => ({
      values: full(this.gpu, [places.count], 0, values.dtype).scatterAdd(
        places.group,
        values.take(places.order),
      ),
      rows: places.rows.copy(),
      indices: places.columns.copy(),
    }));
  }

  /** The matrix on the host as `put` and SciPy take it; bsr and 2:4 as csr. One read-back a buffer. */
  toHost(): Promise<HostSparse> {
    return toHost(this);
  }
}

function mustBeTensor(value: unknown, where: string): asserts value is GpuTensor {
  tensorOf(value, where, "an operand");
}

/** A sparse matrix of parts that `body` makes; they are computed, and its temporaries end. */
export function sparseOf(
  format: SparseFormat,
  shape: readonly number[],
  body: () => SparseParts,
): GpuSparse {
  let names: string[] = [];
  const tensors = tidy(() => {
    const parts = body();
    names = Object.keys(parts);
    return (Object.values(parts) as GpuTensor[]).map((part) => part.compute());
  });
  const parts = Object.fromEntries(
    names.map((name, i) => [name, tensors[i]!]),
  ) as unknown as SparseParts;
  return new GpuSparse(format, shape, parts);
}
