// The sources of the user's own modules as they were when they were loaded, so that errors show the lines
// that the user wrote.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CellMap, type JavaScript, type Position } from "../language/index.ts";
import type { Place } from "./place.ts";

/** Versions kept. Node itself keeps every module that it has evaluated. */
const MAX_FILES = 500;

interface LocalSource {
  source: string;
  javaScript: JavaScript;
  map?: CellMap;
}

/** A file that isn't valid TypeScript. */
export class LocalSyntaxError extends SyntaxError {
  override name = "SyntaxError";
  readonly place: Place;
  readonly help: string | undefined;

  constructor(message: string, place: Place, help: string | undefined) {
    super(message);
    this.place = place;
    this.help = help;
  }
}

export class LocalSources {
  readonly #folder: string;
  readonly #files = new Map<string, LocalSource>();

  /** `folder`: the notebook's; files are called by their paths from there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  label(path: string): string {
    return relative(this.#folder, path);
  }

  /** Remembers what was compiled for this URL, the module's version included. */
  add(url: string, source: string, javaScript: JavaScript): void {
    this.#files.set(url, { source, javaScript });
    if (this.#files.size > MAX_FILES) this.#files.delete(this.#files.keys().next().value!);
  }

  /** The place in the user's file of a position in the code that ran. */
  find(url: string, at: Position): Place | undefined {
    const path = fileURLToPath(url.replace(/\?.*/, ""));
    const file = this.#files.get(url);
    if (!file) return { label: this.label(path), source: readIfThere(path), position: at };
    file.map ??= CellMap.ofFile(file.javaScript);
    const position = file.map.original(at);
    return position && { label: this.label(path), source: file.source, position };
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
