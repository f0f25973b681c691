// Where compute and the exchange meet: tables into the pool, and queries into shared memory.
import type { Table } from "apache-arrow";
import type { UploadOptions } from "../columns/index.ts";
import {
  GpuSparse,
  GpuTable,
  GpuTensor,
  PRODUCE,
  tableOnHost,
  tableToGpu,
} from "../compute/index.ts";
import { type Puttable, produce, put as putShared, type SharedTable } from "../exchange/index.ts";
import { device } from "./device.ts";
import { putSparse, putTensor } from "./tensor.ts";

/**
 * Takes an Arrow table into the pool with one upload; `dispose()` gives its memory back. Rejects with
 * NOT_ARROW, OutOfPoolMemory, UNKNOWN_TYPE (naming column and type), NO_ADAPTER.
 */
export async function gpu(table: Table, options?: UploadOptions): Promise<GpuTable> {
  return tableToGpu(await device(), table, options);
}

/**
 * Queries over an Arrow table that stays on the host: the same operations with the same results, run as
 * JavaScript. It needs no GPU; pivots, records and what reads lists and structs upload the table while they run.
 * Throws NOT_ARROW and UNKNOWN_TYPE.
 */
export function host(table: Table): GpuTable {
  return tableOnHost(table);
}

/**
 * Shares a value under a name, by one copy into shared memory; peers see it when the promise resolves.
 * It takes Arrow tables, record batches and vectors, typed arrays, arrays of values or of rows, objects of
 * columns, tensors { shape, data } and sparse matrices { format, shape, data, … }. A table or query on the GPU
 * is run and read back straight into shared memory: that is the one copy; so is a tensor in the pool. An array that `allocate` gave is
 * shared without any, and is empty from then on. Putting a name again makes a new version; who has got the old
 * one keeps it. Rejects as the query does, and with NOT_ARROW, BAD_NAME, TOO_LARGE, ALREADY_PUT, RUNTIME_FOLDER,
 * SERVING.
 */
export async function put(
  name: string,
  value: Puttable | GpuTable | GpuTensor | GpuSparse,
): Promise<SharedTable> {
  if (value instanceof GpuTensor) return putTensor(name, value);
  if (value instanceof GpuSparse) return putSparse(name, value);
  if (!(value instanceof GpuTable)) return putShared(name, value);
  return value[PRODUCE]((rows) => ("fill" in rows ? produce(name, rows) : putShared(name, rows)));
}
