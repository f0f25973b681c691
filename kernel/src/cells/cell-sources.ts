// The sources of the cells that ran, so that errors and stacks can show the user's own lines.
import {
  type CellMap,
  type KnownNames,
  mapCell,
  NO_NAMES,
  type Position,
} from "../language/index.ts";
import { uncurry } from "./intrinsics.ts";
import type { LocalSources } from "./local-sources.ts";
import { type Place, placeText } from "./place.ts";

/** Sources kept, in characters: enough for years of typing. */
const MAX_CHARACTERS = 32 << 20;
const MAX_MAPS = 20;

/** Frames of Node between the kernel and the cell. */
const RUNNERS = [
  "node:vm",
  "node:internal/async_local_storage",
  "node:internal/per_context/messageport",
  "nodejs\\.internal\\.kHybridDispatch",
];

/** A cell's code, or a module of the user's, whose URL says which version it is. */
const PLACE = "(cell:///\\d+|file://[^\\s()]+?\\?(?:changed|forgotten)=[\\w.&=]+):(\\d+):(\\d+)";
const FRAME = new RegExp(`\\n {4,}at [^\\n]*?${PLACE}[^\\n]*`, "g");
const PLACES = new RegExp(PLACE, "g");
/** The version in the URL of a module of the user's, as messages of Node's have it. */
const VERSION = /(file:\/\/[^\s()"'?]+)\?(?:changed|forgotten)=[\w.&=]+/g;
const FIRST = new RegExp(PLACE);
/** How Node prints frames that the error's cause, which follows, has too: mostly the kernel's. */
const SHARED_FRAMES = /\n {4,}\.\.\. \d+ lines matching cause stack trace \.\.\./g;

/** Asked for every line that is printed. */
const includes = uncurry(String.prototype.includes) as (text: string, part: string) => boolean;

interface CellSource {
  /** As people call it: "Cell [3]". */
  label: string;
  source: string;
  id: number;
  /** What its code was made with. */
  known: KnownNames;
}

export class CellSources {
  readonly #cells = new Map<string, CellSource>();
  readonly #ownFrame: RegExp;
  readonly #local: LocalSources;
  /** Maps are made when an error asks, and only those used last are kept. */
  readonly #maps = new Map<string, CellMap>();
  #characters = 0;

  /** `own`: what the URLs and paths of the kernel's own code begin with. */
  constructor(own: string[], local: LocalSources) {
    this.#local = local;
    const escaped = own.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const places = [...RUNNERS, ...escaped].join("|");
    this.#ownFrame = new RegExp(`\\n {4,}at [^\\n]*(?:${places})[^\\n]*`, "g");
  }

  /** True when text may hold places or frames that `remap` changes. */
  mayHoldPlaces(text: string): boolean {
    return includes(text, "cell:///") || includes(text, "node:vm") || includes(text, "?changed=");
  }

  /** Remembers a cell and returns the URL that its code goes by. */
  add(id: number, executionCount: number, source: string): string {
    const url = `cell:///${id}`;
    this.#cells.set(url, { label: `Cell [${executionCount}]`, source, id, known: NO_NAMES });
    this.#characters += source.length;
    for (const [oldest, { source: text }] of this.#cells) {
      if (this.#characters <= MAX_CHARACTERS || oldest === url) break;
      this.#cells.delete(oldest);
      this.#characters -= text.length;
    }
    return url;
  }

  /** What the cell's code was made with. */
  compiled(url: string, known: KnownNames): void {
    const cell = this.#cells.get(url);
    if (cell) cell.known = known;
  }

  /** A position that is already one of the user's source. */
  place(url: string, position: Position): Place | undefined {
    const cell = this.#cells.get(url);
    return cell && { label: cell.label, source: cell.source, position };
  }

  /** The place in the user's source of a position in generated code. */
  find(url: string, at: Position): Place | undefined {
    if (url.startsWith("file:")) return this.#local.find(url, at);
    const cell = this.#cells.get(url);
    if (!cell) return undefined;
    const position = this.#mapOf(url, cell).original(at);
    return position && { label: cell.label, source: cell.source, position };
  }

  /** The first place in a stack that is the user's. */
  firstIn(stack: string): Place | undefined {
    const found = FIRST.exec(this.#withoutOwn(stack));
    return found ? this.#found(found[1]!, found[2]!, found[3]!) : undefined;
  }

  #found(url: string, line: string, column: string): Place | undefined {
    return this.find(url, { line: Number(line), column: Number(column) });
  }

  #mapOf(url: string, cell: CellSource): CellMap {
    const map = this.#maps.get(url) ?? mapCell(cell.source, cell.id, cell.known);
    this.#maps.delete(url);
    this.#maps.set(url, map); // the newest is last
    if (this.#maps.size > MAX_MAPS) this.#maps.delete(this.#maps.keys().next().value!);
    return map;
  }

  /** The text with each "cell:///3:1:30" replaced by "Cell [3], line 2:5", less the kernel's own frames. */
  remap(text: string): string {
    if (!this.mayHoldPlaces(text)) return text;
    const placed = this.#withoutOwn(text).replace(PLACES, (whole, url, line, column) => {
      const place = this.#found(url, line, column);
      return place ? placeText(place) : whole;
    });
    return placed.replace(VERSION, "$1");
  }

  /** Without the frames of the kernel and of code that compilation added. */
  #withoutOwn(text: string): string {
    return text
      .replace(SHARED_FRAMES, "")
      .replace(this.#ownFrame, removed)
      .replace(FRAME, (frame, url, line, column) => {
        const known = url.startsWith("file:") || this.#cells.has(url);
        return known && !this.#found(url, line, column) ? removed(frame) : frame;
      });
  }
}

/** What an error says besides its stack is printed behind the last frame: "    at f {". */
const removed = (frame: string): string => (frame.endsWith(" {") ? " {" : "");
