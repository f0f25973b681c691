// The exchange: Arrow tables handed between processes without a copy, by name. A table lies in an arena of
// shared memory that its process owns; others map it and read it in place. docs/exchange.md has the
// protocol; python/cenote is its other implementation.
//
// apache-arrow is loaded when a table is first put or got, or some process shares one, and the serving thread
// starts with the first put, so that a kernel pays nothing where nothing is shared.
import type { Table } from "apache-arrow";
import { CenoteError, parseBytes, shown } from "../base/index.ts";
import { type ArraysByDtype, checkDtype, checkShape } from "./allocated.ts";
import { Exchange } from "./exchange.ts";
import { askKeepers } from "./keeping.ts";
import { unknownName } from "./missing.ts";
import { answerNames } from "./name-answers.ts";
import { prepareInIdle } from "./prepare.ts";
import { checkName, type Listing, type SharedTable } from "./shared.ts";
import type { Sparse } from "./sparse.ts";
import type { ExchangeStats } from "./stats.ts";
import type { Produced } from "./stream.ts";
import type { Tensor, TensorLike } from "./tensors.ts";
import type { Puttable } from "./to-table.ts";
import type { Views } from "./views.ts";
import { Watch } from "./watch.ts";
import type { Change } from "./watching.ts";
import type { ColumnType, SchemaLike, Writer } from "./writer.ts";

export { type NativeStatus, nativeStatus } from "../base/index.ts";
export { type HostLimit, limitHost } from "./host-memory.ts";
export { type Packed, pack } from "./packed.ts";
export { Survey } from "./survey.ts";
export { toTable } from "./to-table.ts";
export type {
  Change,
  ColumnType,
  ExchangeStats,
  Listing,
  Produced,
  Puttable,
  SchemaLike,
  SharedTable,
  Sparse,
  Tensor,
  TensorLike,
  Watch,
  Writer,
};

declare global {
  /** The names that are shared: an editor adds them, so that it can offer them. */
  interface CenoteSharedNames {}
}
/** The name of something shared. */
export type SharedName = keyof CenoteSharedNames | (string & {});

let current: Exchange | undefined;

function exchange(): Exchange {
  current ??= new Exchange();
  return current;
}

/** Makes ready for the first handoff with each process that shares tables, in idle time. */
export function prepareExchange(): void {
  prepareInIdle(() => exchange().connect());
  answerNames(async () => [...new Set((await list()).map(({ name }) => name))]);
}

/**
 * Shares a value under a name, by one copy into shared memory; peers see it when the promise resolves.
 * Tables cross as they are; what else it takes becomes one: a RecordBatch, a Vector, typed arrays, arrays of
 * values or rows, an object of columns, a tensor { shape, data }, a sparse matrix. An array that `allocate`
 * gave is shared without a copy, and is empty from then on. Putting a name again makes a new version; who has
 * got the old one keeps it. The name lives as long as this process, or until it is removed. Rejects with
 * NOT_ARROW, BAD_NAME, HOST_MEMORY, ALREADY_PUT, RUNTIME_FOLDER, SERVING.
 */
export async function put(name: string, value: Puttable): Promise<SharedTable> {
  return exchange().putting.put(checkName(name), value);
}

/** Shares what is yet to be produced, straight in shared memory: no copy. Rejects as `fill` does, and as `put`. */
export async function produce(name: string, produced: Produced): Promise<SharedTable> {
  return exchange().putting.produce(checkName(name), produced);
}

/**
 * An array in shared memory, to be filled and then `put`, which copies nothing. It holds anything at first.
 * `shape`: how many elements, or the sizes of the dimensions; the array is flat, in the order of the rows, and
 * is put as a tensor of that shape. Its memory comes back when it is collected without having been put.
 * Rejects with BAD_SHAPE, BAD_DTYPE, HOST_MEMORY, RUNTIME_FOLDER, SERVING.
 */
export async function allocate<D extends keyof ArraysByDtype = "float32">(
  shape: number | readonly number[],
  dtype: D = "float32" as D,
): Promise<ArraysByDtype[D]> {
  const array = await exchange().putting.allocate(checkShape(shape), checkDtype(dtype));
  return array as ArraysByDtype[D];
}

export interface WriterOptions {
  /** The most bytes that it may take, as a number or as "256 MiB"; 4 GiB unless it is said. */
  capacity?: number | string;
}

/**
 * Writes record batches straight into shared memory, and shares them as one table at the end. Each batch is
 * copied there once as it comes, so that the whole table never lies elsewhere:
 *
 *     using out = await writer("numbers", { n: "float64" });
 *     for (const batch of batches) out.write(batch);
 *     out.close();
 *
 * Nobody sees the name before `close`; a block that is left without it shares nothing. `schema`: an Arrow Schema,
 * or types by column. Memory is taken as it is written. Rejects with BAD_NAME, BAD_SCHEMA, BAD_SIZE, TOO_LARGE,
 * HOST_MEMORY, RUNTIME_FOLDER, SERVING.
 */
export async function writer(
  name: string,
  schema: SchemaLike,
  options?: WriterOptions,
): Promise<Writer> {
  const { capacity } = checkOptions(options);
  const most = capacity === undefined ? undefined : parseBytes(capacity);
  return exchange().putting.writer(checkName(name), schema, most);
}

export interface GetOptions<As extends keyof Views = keyof Views> {
  /** Seconds to wait for the name to appear. */
  wait?: number;
  /**
   * "table" (as when absent), "tensor" for one column of numbers or tensors, or "sparse" for what was put as a
   * sparse matrix.
   */
  as?: As;
}

/**
 * The newest table of that name, over the memory of its owner: nothing is copied. The owner keeps the
 * memory until the table is released or collected, or this process ends. Treat it as read-only: what is
 * written to it stays in this process. Rejects with UNKNOWN_NAME, BAD_NAME, PEER_GONE, PEER_SILENT, PROTOCOL,
 * and where it is asked for as something that it is not, with NOT_A_TENSOR or NOT_SPARSE.
 */
export async function get(name: SharedName, options?: GetOptions<"table">): Promise<Table>;
export async function get<As extends keyof Views>(
  name: SharedName,
  options: GetOptions<As> & { as: As },
): Promise<Views[As]>;
export async function get(name: string, options?: GetOptions): Promise<Views[keyof Views]> {
  const { wait = 0, as = "table" } = checkOptions(options);
  if (typeof wait !== "number" || !(wait >= 0)) {
    throw new CenoteError("BAD_WAIT", `wait: wanted seconds from 0, found ${shown(wait)}`);
  }
  if (!["table", "tensor", "sparse"].includes(as)) {
    throw new CenoteError(
      "BAD_VIEW",
      `as: wanted "table", "tensor" or "sparse", found ${shown(as)}`,
    );
  }
  return exchange().getAs(checkName(name), wait * 1000, as);
}

/**
 * Tells of a name's versions: the current one, if there is one, and from then on each newer one; of those that
 * follow each other closely at least the last. With a function it calls that until what it returns is called;
 * else it is to be looped over: `for await (const { table } of watch("flights"))`. `table` is undefined when
 * nobody shares the name any more. Without a name it tells of all. Who has got an older version keeps it. Throws
 * BAD_NAME, BAD_ARGUMENT.
 */
export function watch(name?: SharedName): Watch;
export function watch(name: SharedName | undefined, tell: (change: Change) => void): () => void;
export function watch(name?: string, tell?: (change: Change) => void): Watch | (() => void) {
  const checked = name === undefined ? undefined : checkName(name);
  const listen = (heard: (change: Change) => void) => exchange().watch(checked, heard);
  if (tell === undefined) return new Watch(listen);
  if (typeof tell === "function") return listen(tell);
  throw badArgument("tell: wanted a function", tell);
}

/** What is shared now, by all processes of this user, by name; notebooks show it as a table. */
export async function list(): Promise<Listing> {
  return exchange().list();
}

/**
 * Ends this process's claim on what `get` gave, or on all that was got under a name: tables and tensors raise
 * RELEASED from now on. A moment after the last claim on a version (0.2 s, unless it is got again) all arrays
 * over it are empty, and its owner may reuse the memory; until then they show what they showed. What is not
 * released ends its claim when it and all arrays over it are collected.
 */
export async function release(what: SharedName | Views[keyof Views]): Promise<void> {
  if (typeof what === "string") checkName(what);
  else if (typeof what !== "object" || what === null) {
    throw badArgument("wanted a name, or what `get` gave", what);
  }
  exchange().release(what);
}

/** Takes a name back, whoever shares it. Who has got its table keeps it. Rejects with UNKNOWN_NAME. */
export async function remove(name: SharedName): Promise<void> {
  await exchange().remove(checkName(name));
}

/**
 * Has the keeper hold a name, so that it outlives the process that shares it; or not any more. When its owner ends,
 * the keeper shares the newest version on, by one copy, until somebody puts the name again or removes it. A keeper
 * runs with JupyterLab where the server extension `cenote_server` is enabled, and as `python -m cenote keep`.
 * Rejects with NO_KEEPER, UNKNOWN_NAME, BAD_NAME, PEER_SILENT.
 */
export async function keep(name: SharedName, wanted = true): Promise<void> {
  checkName(name);
  if (typeof wanted !== "boolean") throw badArgument("wanted true or false", wanted);
  const tables = await list();
  const found = tables.find((table) => table.name === name); // the newest
  if (wanted && !found) throw unknownName(name, [...new Set(tables.map((table) => table.name))]);
  await askKeepers(name, wanted, found ? found.created.getTime() * 1000 : 0);
}

/** What was given as options. Throws BAD_ARGUMENT. */
function checkOptions<Options extends object>(given: Options | undefined): Partial<Options> {
  if (given === undefined || given === null) return {};
  if (typeof given === "object") return given;
  throw badArgument("wanted options as { option: value }", given);
}

function badArgument(wanted: string, found: unknown): CenoteError {
  return new CenoteError("BAD_ARGUMENT", `${wanted}, found ${shown(found)}`);
}

/** Bytes that this process shares, or has taken in order to. */
export function sharedBytes(): number {
  return current?.sharedBytes ?? 0;
}

/** What this process has moved. */
export async function exchangeStats(): Promise<ExchangeStats> {
  return exchange().stats();
}
