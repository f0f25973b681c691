// What the wire thread and the thread that knows the types say to each other, and the one interface that
// a back end for types implements. Cursors count Unicode code points, as Jupyter's protocol has them.
import type { MimeBundle } from "./display.ts";

/** on: errors of types are shown once a cell has begun; strict: a cell with such errors isn't run. */
export type TypesMode = "on" | "off" | "strict";
export const TYPES_MODES: readonly TypesMode[] = ["on", "off", "strict"];

/** A cell that has been run, or that is about to be. */
export interface TypedCell {
  /** The wire's number of its request: later cells have higher ones. */
  id: number;
  /** What the cell is called: In [n]. */
  executionCount: number;
  code: string;
}

/** Content of complete_reply, and whether the names of living values should be looked at too. */
export interface TypedCompletion {
  matches: string[];
  /** One word for each match: function, class, method, property, module … */
  kinds: string[];
  cursor_start: number;
  cursor_end: number;
  /**
   * "complete": the types know all there is. "names": variables that types don't know of may be added.
   * "unknown": the types know nothing here (the value's type is any).
   */
  extent: "complete" | "names" | "unknown";
}

/** What is known at the cursor, as the data of an inspect_reply. */
export interface TypedInspection {
  data: MimeBundle;
  /** The static type is any: a look at the value itself would tell more. */
  isAny: boolean;
}

/** What is wrong with a cell's types. */
export interface TypeReport {
  id: number;
  /** Zero when there is nothing to show. */
  errors: number;
  /** The errors with their source marked, as text and HTML. */
  data: MimeBundle;
  /** Names that no declaration is known of; they may be living all the same. */
  missing: string[];
}

/** What a back end for types does. All cells so far are one growing program. */
export interface TypeService {
  /** Takes in a cell that runs; its declarations replace earlier ones of the same names. */
  add(cell: TypedCell): void;
  /** Packages may have been installed, updated or removed. */
  packagesChanged(): void;
  /** The names that are shared now, for completion. */
  share(names: readonly string[]): void;
  complete(code: string, cursor: number): TypedCompletion;
  inspect(code: string, cursor: number): TypedInspection | undefined;
  /**
   * Reports on cells that were added. `living` are names that exist though no declaration is known of
   * them. Throws Cancelled when something more urgent came up.
   */
  check(ids: readonly number[], living: readonly string[]): TypeReport[];
  /** Reports on a cell that is not to be added yet. */
  tryCell(cell: TypedCell, living: readonly string[]): TypeReport;
}

export interface TypesThreadData {
  /** The notebook's folder, where imports are resolved. */
  folder: string;
  /** The declarations of "cenote", a file. */
  api: string;
  /** Int32Array of one word: how many urgent requests wait. A check makes way for them. */
  urgent: SharedArrayBuffer;
}

/** To the types thread; each is answered by a TypesAnswer but `add` and `packages`. */
export type TypesRequest =
  | { serial: number; type: "warm" }
  | { serial: number; type: "add"; cells: readonly TypedCell[] }
  | { serial: number; type: "packages" }
  | { serial: number; type: "complete"; code: string; cursor: number }
  | { serial: number; type: "inspect"; code: string; cursor: number }
  | { serial: number; type: "check"; ids: readonly number[]; living: readonly string[] }
  | { serial: number; type: "try"; cell: TypedCell; living: readonly string[] };

export type TypesAnswer = { serial: number; value: unknown } | { serial: number; error: string };
