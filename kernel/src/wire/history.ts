// The cells that were run, kept over restarts as one JSON line each in the user's data folder.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { dataFolder } from "../base/index.ts";
import { log } from "./log.ts";

/** Session, line, source: as history_reply has it. */
export type HistoryEntry = [session: number, line: number, source: string];

/** Cells that last; there may be twice as many before the older half goes. */
const KEEP = 10_000;
/** Kernels that run side by side write in turns: the last number is among so many lines. */
const TAIL_LINES = 1000;
/** The kernel starts without its history, and the first cell finds it opened. */
const OPEN_AFTER_MS = 50;

export function historyFile(env: NodeJS.ProcessEnv = process.env): string {
  return env["CENOTE_HISTORY"] || join(dataFolder(env), "history.jsonl");
}

export class History {
  readonly #file: string;
  /** Read when somebody asks for them. */
  #entries: HistoryEntry[] | undefined;
  /** Those of this session that could not be written. */
  readonly #unwritten: HistoryEntry[] = [];
  /** 0 until the file has been looked at. */
  #session = 0;
  #writable = true;

  constructor(file = historyFile()) {
    this.#file = file;
    setTimeout(() => this.#open(), OPEN_AFTER_MS).unref();
  }

  append(line: number, source: string): void {
    this.#open();
    const entry: HistoryEntry = [this.#session, line, source];
    this.#entries?.push(entry);
    if (!this.#write(entry) && !this.#entries) this.#unwritten.push(entry);
  }

  #write(entry: HistoryEntry): boolean {
    if (!this.#writable) return false;
    try {
      append(this.#file, `${JSON.stringify(entry)}\n`);
    } catch (error) {
      this.#writable = false;
      log(`history is kept for this session only: ${(error as Error).message}`);
    }
    return this.#writable;
  }

  /** Entries as a history_request wants them. */
  select(request: Record<string, unknown>): HistoryEntry[] {
    const entries = this.#load();
    const n = typeof request["n"] === "number" ? request["n"] : undefined;
    switch (request["hist_access_type"]) {
      case "tail":
        return last(entries, n);
      case "search": {
        const pattern = globToRegExp(String(request["pattern"] ?? "*"));
        let found = entries.filter(([, , source]) => pattern.test(source));
        if (request["unique"]) found = uniqueSources(found);
        return last(found, n);
      }
      case "range":
        return this.#range(entries, request);
      default:
        return [];
    }
  }

  #range(entries: HistoryEntry[], request: Record<string, unknown>): HistoryEntry[] {
    const asked = Number(request["session"] ?? 0);
    const session = asked <= 0 ? this.#session + asked : asked;
    const start = Number(request["start"] ?? 0);
    const stop = request["stop"] == null ? Number.POSITIVE_INFINITY : Number(request["stop"]);
    return entries.filter(([of, line]) => of === session && line >= start && line < stop);
  }

  #load(): HistoryEntry[] {
    this.#open();
    this.#entries ??= [...parseEntries(this.#read().toString()), ...this.#unwritten];
    if (this.#entries.length > 2 * KEEP) this.#entries = this.#entries.slice(-KEEP);
    return this.#entries;
  }

  /** Shortens the file where it is too long, and numbers this session. */
  #open(): void {
    if (this.#session > 0) return;
    const bytes = this.#read();
    const starts = lineStarts(bytes);
    if (starts.length > 2 * KEEP) this.#rewrite(bytes.subarray(starts.at(-KEEP)));
    const tail = parseEntries(bytes.subarray(starts.at(-TAIL_LINES) ?? 0).toString());
    this.#session = tail.reduce((highest, [session]) => Math.max(highest, session), 0) + 1;
  }

  #read(): Buffer {
    try {
      if (existsSync(this.#file)) return readFileSync(this.#file);
    } catch (error) {
      log(`the history can't be read: ${(error as Error).message}`);
    }
    return Buffer.alloc(0);
  }

  #rewrite(bytes: Buffer): void {
    try {
      writeFileSync(this.#file, bytes, { mode: 0o600 });
    } catch (error) {
      log(`the history can't be shortened: ${(error as Error).message}`);
    }
  }
}

/** The file isn't kept open: the user may delete it, folder and all. */
function append(file: string, line: string): void {
  const write = () => appendFileSync(file, line, { mode: 0o600 });
  try {
    write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    write();
  }
}

function lineStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    starts.push(start);
    const end = bytes.indexOf("\n", start);
    start = end < 0 ? bytes.length : end + 1;
  }
  return starts;
}

/** All at once, which is much faster than line by line. */
function parseEntries(text: string): HistoryEntry[] {
  const lines = text.split("\n").filter(Boolean);
  try {
    return (JSON.parse(`[${lines.join(",")}]`) as unknown[]).flatMap(asEntry);
  } catch {
    return lines.flatMap(parseEntry);
  }
}

/** A line that isn't an entry (a torn write) is passed over. */
function parseEntry(line: string): HistoryEntry[] {
  try {
    return asEntry(JSON.parse(line));
  } catch {
    return [];
  }
}

function asEntry(parsed: unknown): HistoryEntry[] {
  if (!Array.isArray(parsed)) return [];
  const [session, number, source] = parsed;
  const whole = Number.isInteger(session) && Number.isInteger(number) && typeof source === "string";
  return whole ? [[session, number, source]] : [];
}

function last<T>(entries: T[], n: number | undefined): T[] {
  return n === undefined ? entries : entries.slice(Math.max(0, entries.length - n));
}

function uniqueSources(entries: HistoryEntry[]): HistoryEntry[] {
  return [...new Map(entries.map((entry) => [entry[2], entry])).values()];
}

/** Jupyter's search patterns are globs over the whole source. */
function globToRegExp(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`);
}
