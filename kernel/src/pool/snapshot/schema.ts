// The snapshot as data: what pool.snapshot().toJSON() gives and `npx cenote export` reads. Tables are
// columns of equal length, so that pandas, Polars and Arrow take them as they are
// (`pd.DataFrame(json.load(f)["events"])`). Bytes unless the name says otherwise; times are milliseconds
// since the epoch. docs/memory.md (Snapshots) describes the fields.
import { CenoteError, EVENT } from "../../base/index.ts";
import type { Holder, PoolStats } from "../types.ts";

export const SNAPSHOT_FORMAT = "cenote.pool";
export const SNAPSHOT_VERSION = 1;

/** The names of EVENT, but for the clock, whose times the events carry. */
export type EventKind = Exclude<keyof typeof EVENT, "clock">;
export type BlockState = "live" | "pinned" | "spilled";

export interface BlockColumns {
  /** Row of the block table, and how often it changed hands: together they name a block. */
  id: number[];
  generation: number[];
  /** 0 for a spilled block, which lies in no slab. */
  slab: number[];
  offset: number[];
  /** Taken in the slab, and asked for. */
  size: number[];
  requested: number[];
  state: BlockState[];
  tag: string[];
  cell: number[];
  line: number[];
  /** When it was allocated; null for a block older than the events. */
  born: (number | null)[];
}

export interface HoleColumns {
  slab: number[];
  offset: number[];
  size: number[];
}

export interface EventColumns {
  /** No earlier than this, and no later than the next event with another time. */
  time: number[];
  kind: EventKind[];
  /** Row of the block; the slab for slabNew and slabFree, the cell for cellBegin and cellEnd. */
  id: number[];
  slab: number[];
  offset: number[];
  size: number[];
  requested: number[];
  /** For a mark, its name. */
  tag: string[];
  cell: number[];
  line: number[];
}

export interface SlabInfo {
  id: number;
  bytes: number;
  live: number;
  blocks: number;
  largestHole: number;
}

/** Blocks and holes of `from` bytes up to, but not at, `below`. */
export interface SizeClass {
  from: number;
  below: number;
  blocks: number;
  /** Bytes that the blocks take. */
  blockBytes: number;
  holes: number;
  holeBytes: number;
}

export interface SnapshotData {
  format: typeof SNAPSHOT_FORMAT;
  version: typeof SNAPSHOT_VERSION;
  time: number;
  /** The cell that ran, or 0. */
  cell: number;
  /** What the adapter says of itself; null where there is none (simulated memory). */
  adapter: Record<string, unknown> | null;
  /** What the pool counts itself, and what was set (the budget). */
  counts: PoolStats;
  slabs: SlabInfo[];
  histogram: SizeClass[];
  blocks: BlockColumns;
  holes: HoleColumns;
  events: EventColumns;
  /** Records that were written over before the snapshot. */
  eventsLost: number;
}

/** What changed between two snapshots of one pool. */
export interface SnapshotDiff {
  milliseconds: number;
  /** Each figure now less the figure then. */
  counts: PoolStats;
  /** Blocks that are live now and were not then, and the other way round; largest group first. */
  appeared: Holder[];
  gone: Holder[];
}

const TABLES = {
  blocks: [
    ...["id", "generation", "slab", "offset", "size", "requested"],
    ...["state", "tag", "cell", "line", "born"],
  ],
  holes: ["slab", "offset", "size"],
  events: [
    ...["time", "kind", "id", "slab", "offset", "size", "requested"],
    ...["tag", "cell", "line"],
  ],
} as const;
const TEXT = new Set(["state", "tag", "kind"]);

/** Whether a parsed JSON value says that it is a snapshot of ours. */
export function isSnapshot(value: unknown): boolean {
  return isObject(value) && value["format"] === SNAPSHOT_FORMAT;
}

/** Checks what was read from a file. `name` is for messages. Throws BAD_SNAPSHOT, naming the field. */
export function checkSnapshot(value: unknown, name = "snapshot"): SnapshotData {
  const fail = (where: string, wanted: string, found: unknown) => {
    const shown = JSON.stringify(found)?.slice(0, 80) ?? "nothing";
    return new CenoteError("BAD_SNAPSHOT", `${name}: ${where}: wanted ${wanted}, found ${shown}`, {
      mend: "Give a file that pool.snapshot().save wrote.",
    });
  };
  if (!isObject(value)) throw fail("the file", "a JSON object", value);
  if (!isSnapshot(value)) throw fail("format", JSON.stringify(SNAPSHOT_FORMAT), value["format"]);
  if (value["version"] !== SNAPSHOT_VERSION) {
    throw fail("version", String(SNAPSHOT_VERSION), value["version"]);
  }
  for (const field of ["time", "cell", "eventsLost"]) {
    if (!Number.isFinite(value[field])) throw fail(field, "a number", value[field]);
  }
  if (!isObject(value["counts"])) throw fail("counts", "an object of figures", value["counts"]);
  for (const field of ["slabs", "histogram"]) {
    if (!Array.isArray(value[field])) throw fail(field, "a list", value[field]);
  }
  for (const slab of value["slabs"] as unknown[]) {
    const right = isObject(slab) && isSize(slab["id"]) && isSize(slab["bytes"]);
    if (!right) throw fail("slabs", "entries with id and bytes", slab);
  }
  for (const [table, columns] of Object.entries(TABLES)) {
    const found = value[table];
    if (!isObject(found)) throw fail(table, "an object of columns", found);
    const rows = (found[columns[0]!] as unknown[] | undefined)?.length;
    for (const column of columns) {
      const cells = found[column];
      if (!Array.isArray(cells) || cells.length !== rows) {
        throw fail(`${table}.${column}`, `a column of ${rows ?? "some"} values`, cells);
      }
      const wrong = cells.findIndex((cell) => !isCell(table, column, cell));
      if (wrong >= 0) {
        throw fail(`${table}.${column}, row ${wrong}`, cellText(table, column), cells[wrong]);
      }
    }
  }
  return value as unknown as SnapshotData;
}

function isCell(table: string, column: string, cell: unknown): boolean {
  if (column === "kind") return typeof cell === "string" && cell !== "clock" && cell in EVENT;
  if (TEXT.has(column)) return typeof cell === "string";
  if (column === "time") return Number.isFinite(cell);
  if (column === "born") return cell === null || Number.isFinite(cell);
  return isSize(cell) && (table === "events" || column !== "id" || cell !== 0);
}

function cellText(_table: string, column: string): string {
  if (column === "kind") return `one of ${Object.keys(EVENT).join(", ")}`;
  if (TEXT.has(column)) return "text";
  return column === "time" || column === "born" ? "a time" : "a whole number of 0 or more";
}

const isSize = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
