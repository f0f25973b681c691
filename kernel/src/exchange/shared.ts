// What is shared: its description on the wire, checked before use, and as people see it.
import { CenoteError, DISPLAY, escapeHtml, formatBytes, type MimeBundle } from "../base/index.ts";
import { type Message, protocolError } from "./frames.ts";
import { PAGE } from "./ranges.ts";

/** Columns that a description names; the rest are only counted. */
export const COLUMNS_NAMED = 64;
/** The one kind of content so far: an Arrow IPC stream. */
export const ARROW_STREAM = "arrow.stream";
const NAME_LIMIT = 256;

/** A table that some process shares. */
export interface SharedTable {
  name: string;
  version: number;
  rows: number;
  /** Its size in the owner's arena. */
  bytes: number;
  /** Names and Arrow types of the first columns; there are `columnCount` in all. */
  columns: [name: string, type: string][];
  columnCount: number;
  created: Date;
  owner: { pid: number; language: string };
}

/** An object as it lies in its owner's arena; `arena` is undefined where it can only be fetched. */
export interface Description {
  table: SharedTable;
  /** Microseconds since the epoch: of two versions the later one counts. */
  createdUs: number;
  offset: number;
  arena: { id: number; bytes: number } | undefined;
}

/** The name, if it may be one: 1 to 256 bytes of UTF-8 without control characters. Throws BAD_NAME. */
export function checkName(name: unknown): string {
  if (
    typeof name === "string" &&
    name.length > 0 &&
    name.isWellFormed() &&
    Buffer.byteLength(name) <= NAME_LIMIT &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
    !/[\u0000-\u001f\u007f]/.test(name)
  ) {
    return name;
  }
  const found = typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : typeof name;
  throw new CenoteError(
    "BAD_NAME",
    `wanted a name of 1 to ${NAME_LIMIT} bytes of UTF-8 without control characters, found ${found}`,
  );
}

/** Names and types of columns as a description has them: at most 80 characters, none of them half. */
export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79).toWellFormed()}…`;
}

/** The wire form of an object. */
export function describe(object: Description): Message {
  const { table } = object;
  return {
    name: table.name,
    version: table.version,
    created: object.createdUs,
    kind: ARROW_STREAM,
    rows: table.rows,
    bytes: table.bytes,
    columns: table.columns,
    columnCount: table.columnCount,
    offset: object.offset,
    arena: object.arena ?? null,
  };
}

/** Checks what a peer says of an object. Throws PROTOCOL. */
export function readDescription(message: unknown, owner: SharedTable["owner"]): Description {
  const from = record(message, "an object's description");
  if (from["kind"] !== ARROW_STREAM) {
    throw protocolError(`wanted kind ${ARROW_STREAM}, found ${show(from["kind"])}`);
  }
  const columns = from["columns"];
  if (!Array.isArray(columns) || !columns.every(isColumn)) {
    throw protocolError("columns: wanted pairs of name and type");
  }
  const place = from["arena"] === null ? undefined : record(from["arena"], "an arena");
  return checkDescription({
    name: checkName(from["name"]),
    version: whole(from, "version"),
    createdUs: whole(from, "created"),
    rows: whole(from, "rows"),
    bytes: whole(from, "bytes"),
    columns,
    columnCount: whole(from, "columnCount"),
    owner,
    offset: whole(from, "offset"),
    arena: place && { id: whole(place, "id"), bytes: whole(place, "bytes") },
  });
}

/** What is said of an object, of which the numbers are whole. */
export type Facts = Omit<SharedTable, "created"> & Omit<Description, "table">;

/** Checks that the object lies in its arena. Throws PROTOCOL. */
export function checkDescription({ createdUs, offset, arena, ...facts }: Facts): Description {
  const table = { ...facts, created: new Date(createdUs / 1000) };
  if (!arena) return { table, createdUs, offset, arena };
  if (offset % PAGE !== 0) {
    throw protocolError(`offset: wanted a multiple of ${PAGE} bytes, found ${offset}`);
  }
  if (table.bytes === 0 || offset + table.bytes > arena.bytes) {
    throw protocolError(
      `${table.name}: bytes ${offset} to ${offset + table.bytes} lie outside its arena of ${arena.bytes} bytes`,
    );
  }
  return { table, createdUs, offset, arena };
}

function record(value: unknown, what: string): Message {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Message;
  throw protocolError(`wanted ${what}, found ${show(value)}`);
}

/** A whole number from 0 in a message. Throws PROTOCOL. */
export function whole(message: Message, key: string): number {
  const value = message[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw protocolError(`${key}: wanted a whole number from 0 to 2^53 - 1, found ${show(value)}`);
}

/** A whole number, below 0 too. Throws PROTOCOL. */
export function integer(message: Message, key: string): number {
  const value = message[key];
  if (Number.isSafeInteger(value)) return value as number;
  throw protocolError(`${key}: wanted a whole number, found ${show(value)}`);
}

function isColumn(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string")
  );
}

const show = (value: unknown) => String(JSON.stringify(value)).slice(0, 60);

export const ownerText = (owner: SharedTable["owner"]) => `${owner.language} process ${owner.pid}`;

/** What `list()` gives: an array that a notebook shows as a table. */
export class Listing extends Array<SharedTable> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  [DISPLAY](): MimeBundle {
    const lines = this.map(
      (table) =>
        `${table.name}: ${table.rows.toLocaleString("en")} rows × ${table.columnCount} columns, ` +
        `${formatBytes(table.bytes)}, from ${ownerText(table.owner)}`,
    );
    return {
      "text/plain": lines.join("\n") || "(nothing is shared)",
      "text/html": this.length === 0 ? "<em>Nothing is shared.</em>" : this.#html(),
    };
  }

  #html(): string {
    const cell = (tag: string) => (text: string) =>
      `<${tag} style="text-align:left">${escapeHtml(text)}</${tag}>`;
    const head = ["Name", "Rows", "Columns", "Size", "Owner", "Since"].map(cell("th")).join("");
    const rows = this.map((table) => {
      const named = table.columns.slice(0, 8).map(([name, type]) => `${name}: ${type}`);
      if (table.columnCount > 8) named.push(`… (${table.columnCount} in all)`);
      const cells = [
        table.name,
        table.rows.toLocaleString("en"),
        named.join(", "),
        formatBytes(table.bytes),
        ownerText(table.owner),
        table.created.toLocaleTimeString("en-GB"),
      ];
      return `<tr>${cells.map(cell("td")).join("")}</tr>`;
    });
    return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  }
}
