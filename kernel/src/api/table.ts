// Where compute and the exchange meet: tables into the pool, and queries into shared memory.
import type { Table } from "apache-arrow";
import type { UploadOptions } from "../columns/index.ts";
import { GpuTable, tableToGpu } from "../compute/index.ts";
import { type Puttable, put as putShared, type SharedTable } from "../exchange/index.ts";
import { device } from "./device.ts";

/**
 * Takes an Arrow table into the pool with one upload; `dispose()` gives its memory back. Rejects with
 * NOT_ARROW, OutOfPoolMemory, NESTED_COLUMN (naming column and type), NO_ADAPTER.
 */
export async function gpu(table: Table, options?: UploadOptions): Promise<GpuTable> {
  return tableToGpu(await device(), table, options);
}

/**
 * Shares a table under a name. A table or query on the GPU is run and read back first, once; then one
 * copy goes into shared memory. Rejects as the query does, and with NOT_ARROW, BAD_NAME, TOO_LARGE.
 */
export async function put(name: string, value: Puttable | GpuTable): Promise<SharedTable> {
  return putShared(name, value instanceof GpuTable ? await value.toArrow() : value);
}
