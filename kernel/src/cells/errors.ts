// Errors as a notebook shows them: message, the cell and line with its source marked, the frames of the
// user's code, causes. Frames of the kernel and of Node are left out.
import { stripVTControlCharacters, types } from "node:util";
import { CellSyntaxError, markedSource } from "../language/index.ts";
import type { CellSources } from "./cell-sources.ts";
import { helpFor } from "./error-help.ts";
import { inspectBounded } from "./inspect-bounded.ts";
import { LocalSyntaxError } from "./local-sources.ts";
import { type Place, placeText } from "./place.ts";
import { shorten } from "./preview.ts";
import { whereThrown } from "./thrown.ts";

/** Content of an `error` message, and of the reply of a cell that failed. */
export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
}

const RED = "\u001b[31m";
const PLAIN = "\u001b[39m";
const MAX_CAUSES = 8;
const MAX_FRAMES = 12;
/** Characters of a message that are shown. */
const MAX_MESSAGE = 20_000;
/** Properties of errors that the traceback holds already. */
const SHOWN = new Set([
  "name",
  "message",
  "stack",
  "cause",
  "errors",
  "position",
  "place",
  "help",
  "mend",
]);

export class ErrorReporter {
  readonly #sources: CellSources;
  /** Prefixes of URLs and paths of the kernel's own code. */
  readonly #own: string[];

  constructor(sources: CellSources, own: string[]) {
    this.#sources = sources;
    this.#own = own;
  }

  /** `url` names the cell. */
  report(thrown: unknown, url?: string): ErrorContent {
    try {
      return this.#report(thrown, url);
    } catch (failure) {
      // A thrown object may have getters that throw: its cell still gets an answer.
      const evalue = `an error that can't be shown (${String((failure as Error)?.message)})`;
      return { ename: "Error", evalue, traceback: [evalue] };
    }
  }

  #report(thrown: unknown, url: string | undefined): ErrorContent {
    if (!isError(thrown)) {
      const evalue = this.#text(thrown);
      const place = whereThrown(thrown);
      const where = place ? this.#where(place, url) : [];
      return { ename: "Thrown", evalue, traceback: [headline("Thrown", evalue), ...where] };
    }
    const ename = String(thrown.name || thrown.constructor?.name || "Error");
    const evalue = stripVTControlCharacters(this.#message(thrown));
    return { ename, evalue, traceback: this.#traceback(thrown, 0, url) };
  }

  #traceback(error: Error, depth: number, url?: string, seen = new Set<unknown>()): string[] {
    seen.add(error);
    const lines = [headline(error.name || "Error", this.#message(error))];
    lines.push(...this.#where(error, url), ...this.#details(error));
    if (depth < MAX_CAUSES) lines.push(...this.#related(error, depth, seen));
    return lines;
  }

  /** The place with its line marked, what would mend it, and the frames. */
  #where(error: Error, url: string | undefined): string[] {
    const lines: string[] = [];
    const frames = this.#frames(error);
    const place = this.#placeOf(error, frames, url);
    if (place) {
      lines.push(`  ${placeText(place)}`);
      const marked = markedSource(place.source, place.position);
      if (marked) lines.push(marked.replace(/^/gm, "    "));
    }
    const help = helpFor(error, place);
    if (help) lines.push(`  ${help}`);
    const elsewhere = frames.filter((frame) => !/^ *at Cell \[\d+\], line/.test(frame));
    if (frames.length > 1 || elsewhere.length > 0) lines.push(...shortened(frames));
    return lines;
  }

  #message(error: Error): string {
    return this.#sources.remap(shorten(String(error.message), MAX_MESSAGE));
  }

  /** What the error says besides, such as `code` and `path`. */
  #details(error: Error): string[] {
    const own = Object.entries(error).filter(([name]) => !SHOWN.has(name));
    if (own.length === 0) return [];
    const text = this.#sources.remap(inspectBounded(Object.fromEntries(own)));
    return [text.replace(/^/gm, "  ")];
  }

  #related(error: Error, depth: number, seen: Set<unknown>): string[] {
    const lines: string[] = [];
    const errors = (error as { errors?: unknown }).errors;
    if (Array.isArray(errors)) {
      errors.slice(0, MAX_CAUSES).forEach((one, i) => {
        lines.push(`[${i + 1} of ${errors.length}]`, ...this.#nested(one, depth + 1, seen));
      });
    }
    if (error instanceof SuppressedError) {
      lines.push("While disposing:", ...this.#nested(error.error, depth + 1, seen));
      lines.push("After:", ...this.#nested(error.suppressed, depth + 1, seen));
    }
    if (error.cause !== undefined) {
      lines.push("Caused by:", ...this.#nested(error.cause, depth + 1, seen));
    }
    return lines;
  }

  /** `seen`: errors that are shown already; one may be its own cause. */
  #nested(value: unknown, depth: number, seen: Set<unknown>): string[] {
    if (seen.has(value)) return ["(an error that is shown above)"];
    if (isError(value)) return this.#traceback(value, depth, undefined, seen);
    return [this.#text(value)];
  }

  #text(value: unknown): string {
    return this.#sources.remap(inspectBounded(value));
  }

  /** The frames of the stack that belong to the user, with their places in the user's source. */
  #frames(error: Error): string[] {
    return this.#sources
      .remap(stackOf(error))
      .split("\n")
      .filter((line) => /^\s+at /.test(line) && !this.#isOwn(line))
      .map((line) => `  ${line.trim().replace(/^at async (Cell)/, "at $1")}`);
  }

  #isOwn(frame: string): boolean {
    return (
      /\(?node:|\(<anonymous>\)|at <anonymous>|at user-expression:/.test(frame) ||
      this.#own.some((own) => frame.includes(own))
    );
  }

  #placeOf(error: Error, frames: string[], url: string | undefined): Place | undefined {
    if (error instanceof LocalSyntaxError) return error.place;
    if (error instanceof CellSyntaxError && url) return this.#sources.place(url, error.position);
    return (
      this.#compiledPlace(error) ??
      (frames.length > 0 ? this.#sources.firstIn(stackOf(error)) : undefined)
    );
  }

  /** Where V8 found a syntax error: Node puts "URL:LINE", the line and a caret before the stack. */
  #compiledPlace(error: Error): Place | undefined {
    if (!(error instanceof SyntaxError)) return undefined;
    const [, url, line, indent] = /^(cell:\S+):(\d+)\n.*\n( *)\^/.exec(stackOf(error)) ?? [];
    if (url === undefined) return undefined;
    return this.#sources.find(url, { line: Number(line), column: indent!.length + 1 });
  }
}

const headline = (name: string, message: string): string =>
  message === "" ? `${RED}${name}${PLAIN}` : `${RED}${name}${PLAIN}: ${message}`;

/** A recursion's frames are counted, not listed. */
function shortened(all: string[]): string[] {
  const frames: string[] = [];
  for (let i = 0; i < all.length; ) {
    let end = i + 1;
    while (all[end] === all[i]) end++;
    frames.push(all[i]!);
    if (end - i > 2) frames.push(`  … ${end - i - 1} more times`);
    else frames.push(...all.slice(i + 1, end));
    i = end;
  }
  if (frames.length <= MAX_FRAMES) return frames;
  return [...frames.slice(0, MAX_FRAMES), `  … ${frames.length - MAX_FRAMES} more frames`];
}

const stackOf = (error: Error) => (typeof error.stack === "string" ? error.stack : "");

/** Also errors of other realms, such as node:vm contexts; a proxy whose traps throw is none. */
function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}
