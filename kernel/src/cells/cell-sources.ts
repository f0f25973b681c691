// The sources of the cells that ran, so that errors and stacks can show the user's own lines.
import { type CellMap, mapCell, type Position } from "../language/index.ts";

/** Sources kept, in characters: enough for years of typing. */
const MAX_CHARACTERS = 32 << 20;
const MAX_MAPS = 20;

/** Frames of Node between the kernel and the cell. */
const RUNNERS = [
  "node:vm",
  "node:internal/async_local_storage",
  "nodejs\\.internal\\.kHybridDispatch",
];

interface CellSource {
  /** As people call it: "Cell [3]". */
  label: string;
  source: string;
  id: number;
  standIns: readonly string[];
}

/** Where in which cell. */
export interface CellPlace {
  label: string;
  source: string;
  position: Position;
}

export class CellSources {
  readonly #cells = new Map<string, CellSource>();
  readonly #ownFrame: RegExp;
  /** Maps are made when an error asks, and only those used last are kept. */
  readonly #maps = new Map<string, CellMap>();
  #characters = 0;

  /** `own`: what the URLs and paths of the kernel's own code begin with. */
  constructor(own: string[]) {
    const escaped = own.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const places = [...RUNNERS, ...escaped].join("|");
    this.#ownFrame = new RegExp(`\\n {4,}at [^\\n]*(?:${places})[^\\n]*`, "g");
  }

  /** True when text may hold places or frames that `remap` changes. */
  mayHoldPlaces(text: string): boolean {
    return text.includes("cell:///") || text.includes("node:vm");
  }

  /** Remembers a cell and returns the URL that its code goes by. */
  add(id: number, executionCount: number, source: string): string {
    const url = `cell:///${id}`;
    this.#cells.set(url, { label: `Cell [${executionCount}]`, source, id, standIns: [] });
    this.#characters += source.length;
    for (const [oldest, { source: text }] of this.#cells) {
      if (this.#characters <= MAX_CHARACTERS || oldest === url) break;
      this.#cells.delete(oldest);
      this.#characters -= text.length;
    }
    return url;
  }

  /** What the cell's code was made with. */
  compiled(url: string, standIns: readonly string[]): void {
    const cell = this.#cells.get(url);
    if (cell) cell.standIns = standIns;
  }

  /** A position that is already one of the user's source. */
  place(url: string, position: Position): CellPlace | undefined {
    const cell = this.#cells.get(url);
    return cell && { label: cell.label, source: cell.source, position };
  }

  /** The place in the user's source of a position in generated code. */
  find(url: string, at: Position): CellPlace | undefined {
    const cell = this.#cells.get(url);
    if (!cell) return undefined;
    const position = this.#mapOf(url, cell).original(at);
    return position && { label: cell.label, source: cell.source, position };
  }

  #mapOf(url: string, cell: CellSource): CellMap {
    const map = this.#maps.get(url) ?? mapCell(cell.source, cell.id, cell.standIns);
    this.#maps.delete(url);
    this.#maps.set(url, map); // the newest is last
    if (this.#maps.size > MAX_MAPS) this.#maps.delete(this.#maps.keys().next().value!);
    return map;
  }

  /** The text with each "cell:///3:1:30" replaced by "Cell [3], line 2:5", less the kernel's own frames. */
  remap(text: string): string {
    if (!this.mayHoldPlaces(text)) return text;
    return text
      .replace(this.#ownFrame, "")
      .replace(/(cell:\/\/\/\d+):(\d+):(\d+)/g, (whole, url, line, column) => {
        const place = this.find(url, { line: Number(line), column: Number(column) });
        return place ? placeText(place) : whole;
      });
  }
}

export const placeText = ({ label, position }: CellPlace): string =>
  `${label}, line ${position.line}:${position.column}`;
