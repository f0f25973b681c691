// Tensors as a cell makes them: on the process's GPU, which is opened on first use.
import type { Table } from "apache-arrow";
import {
  arange as arangeOn,
  createSparse,
  createTensor,
  type Dtype,
  eye as eyeOn,
  fromJax as fromJaxOn,
  fromOrt as fromOrtOn,
  fromTF as fromTFOn,
  full as fullOn,
  GpuSparse,
  GpuTable,
  GpuTensor,
  type HostSparse,
  type Jax,
  type JaxArray,
  linspace as linspaceOn,
  type OrtTensor,
  RandomStream,
  type SparseOptions,
  sparseFrom,
  type TensorData,
  type TensorOptions,
  type TfJs,
  type TfTensor,
  tableToGpu,
  tableToTensor,
} from "../compute/index.ts";
import { allocate, put as putShared, type SharedTable } from "../exchange/index.ts";
import { device } from "./device.ts";

type Shape = number | readonly number[];

/**
 * A tensor in the pool, by one upload: of numbers in arrays, typed arrays, { shape, data }, or what
 * `get(name, { as: "tensor" })` gave. `dispose()` gives its memory back. Rejects with TENSOR_DATA, SHAPE, DTYPE,
 * TOO_LARGE, OutOfPoolMemory, NO_ADAPTER.
 */
export async function tensor(data: TensorData, options?: TensorOptions): Promise<GpuTensor> {
  return createTensor(await device(), data, options);
}

/** 0 everywhere. Constants take no memory until something needs them in memory. */
export async function zeros(shape: Shape, dtype: Dtype = "f32"): Promise<GpuTensor> {
  return fullOn(await device(), shape, 0, dtype);
}

/** 1 everywhere. */
export async function ones(shape: Shape, dtype: Dtype = "f32"): Promise<GpuTensor> {
  return fullOn(await device(), shape, 1, dtype);
}

/** The same everywhere. */
export async function full(
  shape: Shape,
  value: number | boolean,
  dtype?: Dtype,
): Promise<GpuTensor> {
  return fullOn(await device(), shape, value, dtype);
}

/** start, start + step … below stop. */
export async function arange(
  start: number,
  stop: number,
  step = 1,
  dtype?: Dtype,
): Promise<GpuTensor> {
  return arangeOn(await device(), start, stop, step, dtype);
}

/** `count` numbers from start to stop, both included. */
export async function linspace(start: number, stop: number, count = 50): Promise<GpuTensor> {
  return linspaceOn(await device(), start, stop, count);
}

/** Ones in the diagonal. */
export async function eye(rows: number, columns = rows, dtype: Dtype = "f32"): Promise<GpuTensor> {
  return eyeOn(await device(), rows, columns, dtype);
}

/** A source of random tensors: `(await random(42)).normal([2, 3])`. The same numbers on every adapter. */
export async function random(seed: number): Promise<RandomStream> {
  const gpu = await device();
  return new RandomStream(() => gpu, seed);
}

/**
 * Columns of numbers or bools of a table, of a query or of an Arrow table as a matrix f32; null is NaN.
 * `matrix.toTable(names)` is the way back.
 */
export async function matrix(
  table: GpuTable | Table,
  columns?: readonly string[],
): Promise<GpuTensor> {
  if (table instanceof GpuTable) return tableToTensor(table, columns);
  using uploaded = await tableToGpu(await device(), table);
  return await tableToTensor(uploaded, columns);
}

/** A sparse matrix of a dense one, of one in another format, or of what `get(name, { as: "sparse" })` gave. */
export async function sparse(
  of: GpuTensor | GpuSparse | HostSparse,
  options?: SparseOptions,
): Promise<GpuSparse> {
  if (of instanceof GpuTensor || of instanceof GpuSparse) return sparseFrom(of, options);
  return createSparse(await device(), of);
}

/** A tensor over the buffer of one of TF.js on sharedDevice(), which must live as long. Rejects with FOREIGN_DEVICE, DTYPE. */
export async function fromTF(other: TfTensor, tf: TfJs): Promise<GpuTensor> {
  return fromTFOn(await device(), other, tf);
}

/** A tensor over the GPU buffer of one of onnxruntime-web on sharedDevice(), which must live as long. Rejects with DTYPE. */
export async function fromOrt(other: OrtTensor): Promise<GpuTensor> {
  return fromOrtOn(await device(), other);
}

/** A tensor over the buffer of an array of jax-js on sharedDevice(), which it keeps. Rejects with FOREIGN_DEVICE, DTYPE. */
export async function fromJax(array: JaxArray, jax: Jax): Promise<GpuTensor> {
  return fromJaxOn(await device(), array, jax);
}

/** Shares a tensor: read back straight into the shared memory, which is the one copy. i4 is shared as i8, bool as u8, a scalar as [1]. */
export async function putTensor(name: string, value: GpuTensor): Promise<SharedTable> {
  const dtype = {
    f32: "float32",
    f16: "float16",
    i32: "int32",
    u32: "uint32",
    i8: "int8",
    u8: "uint8",
    i4: "int8",
    bool: "uint8",
  } as const;
  using whole =
    value.dtype === "i4"
      ? value.cast("i8")
      : value.dtype === "bool"
        ? value.cast("u8")
        : value.slice();
  const shape = value.shape.length === 0 ? [1] : value.shape; // a column has one dimension at least
  const into = await allocate(shape, dtype[value.dtype]);
  await whole.readInto(into);
  return putShared(name, into);
}

/** Shares a sparse matrix by its buffers; bsr and 2:4 as csr. */
export async function putSparse(name: string, value: GpuSparse): Promise<SharedTable> {
  return putShared(name, (await value.toHost()) as Parameters<typeof putShared>[1]);
}
