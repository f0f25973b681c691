// The cells that were run, kept over restarts as one JSON line each in the user's data folder.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { log } from "./log.ts";

/** Session, line, source: as history_reply has it. */
export type HistoryEntry = [session: number, line: number, source: string];

/** Cells that last; there may be twice as many before the older half goes. */
const KEEP = 10_000;

export function historyFile(env: NodeJS.ProcessEnv = process.env): string {
  const data = env["XDG_DATA_HOME"] || join(homedir(), ".local", "share");
  return env["CENOTE_HISTORY"] || join(data, "cenote", "history.jsonl");
}

export class History {
  readonly #file: string;
  /** Read on first need, so that the kernel starts without it. */
  #entries: HistoryEntry[] | undefined;
  #session = 0;
  #writable = true;

  constructor(file = historyFile()) {
    this.#file = file;
  }

  append(line: number, source: string): void {
    const entries = this.#load();
    const entry: HistoryEntry = [this.#session, line, source];
    entries.push(entry);
    if (entries.length > 2 * KEEP) entries.splice(0, entries.length - KEEP);
    if (!this.#writable) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      appendFileSync(this.#file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch (error) {
      this.#writable = false;
      log(`history is kept for this session only: ${(error as Error).message}`);
    }
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
    if (this.#entries) return this.#entries;
    let entries: HistoryEntry[] = [];
    try {
      if (existsSync(this.#file)) {
        entries = readFileSync(this.#file, "utf8").split("\n").flatMap(parseEntry);
        if (entries.length > 2 * KEEP) {
          entries = entries.slice(-KEEP);
          this.#rewrite(entries);
        }
      }
    } catch (error) {
      log(`the history can't be read: ${(error as Error).message}`);
    }
    this.#session = entries.reduce((highest, [session]) => Math.max(highest, session), 0) + 1;
    return (this.#entries = entries);
  }

  #rewrite(kept: HistoryEntry[]): void {
    const text = kept.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    writeFileSync(this.#file, text, { mode: 0o600 });
  }
}

/** A line that isn't an entry (a torn write) is passed over. */
function parseEntry(line: string): HistoryEntry[] {
  try {
    const [session, number, source] = JSON.parse(line);
    const whole =
      Number.isInteger(session) && Number.isInteger(number) && typeof source === "string";
    return whole ? [[session, number, source]] : [];
  } catch {
    return [];
  }
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
