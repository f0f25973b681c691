// The exchange: Arrow tables handed between processes without a copy, by name. A table lies in an arena of
// shared memory that its process owns; others map it and read it in place. docs/exchange.md has the
// protocol; python/cenote is its other implementation.
//
// apache-arrow is loaded when a table is first put or got, or some process shares one, and the serving thread
// starts with the first put, so that a kernel pays nothing where nothing is shared.
import type { Table } from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { Exchange } from "./exchange.ts";
import { prepareOnce } from "./prepare.ts";
import { checkName, type Listing, type SharedTable } from "./shared.ts";
import type { ExchangeStats } from "./stats.ts";
import type { Puttable } from "./to-table.ts";

export { type NativeStatus, nativeStatus } from "../base/index.ts";
export type { ExchangeStats, Listing, Puttable, SharedTable };

let current: Exchange | undefined;

function exchange(): Exchange {
  current ??= new Exchange();
  return current;
}

/** Makes ready for the first handoff, in idle time, once there is a process that shares tables. */
export function prepareExchange(): void {
  prepareOnce(() => exchange().connect());
}

/**
 * Shares a table under a name, by one copy into shared memory; peers see it when the promise resolves.
 * A RecordBatch, a Vector, a typed array or an object of typed arrays becomes a table. Putting a name again
 * makes a new version; who has got the old one keeps it. The name lives as long as this process, or until
 * it is removed. Rejects with NOT_ARROW, BAD_NAME, TOO_LARGE (above 4 GiB), RUNTIME_FOLDER, SERVING.
 */
export async function put(name: string, value: Puttable): Promise<SharedTable> {
  return exchange().put(checkName(name), value);
}

export interface GetOptions {
  /** Seconds to wait for the name to appear. */
  wait?: number;
}

/**
 * The newest table of that name, over the memory of its owner: nothing is copied. The owner keeps the
 * memory until the table is released or collected, or this process ends. Treat it as read-only: what is
 * written to it stays in this process. Rejects with UNKNOWN_NAME, BAD_NAME, PEER_GONE, PEER_SILENT, PROTOCOL.
 */
export async function get(name: string, options: GetOptions = {}): Promise<Table> {
  const wait = options.wait ?? 0;
  if (typeof wait !== "number" || !(wait >= 0)) {
    throw new CenoteError("BAD_WAIT", `wait: wanted seconds from 0, found ${String(wait)}`);
  }
  return exchange().get(checkName(name), wait * 1000);
}

/** What is shared now, by all processes of this user, by name; notebooks show it as a table. */
export async function list(): Promise<Listing> {
  return exchange().list();
}

/**
 * Ends this process's claim on a table that `get` gave, or on all that were got under a name: they raise
 * RELEASED from now on. A moment after the last claim on a version (0.2 s, unless it is got again) all arrays
 * over it are empty, and its owner may reuse the memory; until then they show what they showed. A table that
 * is not released ends its claim when it and all arrays over it are collected.
 */
export async function release(what: string | Table): Promise<void> {
  exchange().release(typeof what === "string" ? checkName(what) : what);
}

/** Takes a name back, whoever shares it. Who has got its table keeps it. Rejects with UNKNOWN_NAME. */
export async function remove(name: string): Promise<void> {
  await exchange().remove(checkName(name));
}

/** What this process has moved. */
export async function exchangeStats(): Promise<ExchangeStats> {
  return exchange().stats();
}
