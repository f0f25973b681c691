// The errors of types in a cell that are worth showing: what is natural in a notebook is left out, and so
// is what the run itself says better.
import ts from "typescript";
import type { CellModule } from "./notebook.ts";

export interface CellError {
  code: number;
  message: string;
  /** In UTF-16 code units of the cell's source. */
  start: number;
  length: number;
}

export interface Diagnosis {
  errors: CellError[];
  /** Names without a declaration that the errors are about. */
  missing: string[];
}

/** "Cannot find name 'x'", with or without a hint. */
const UNKNOWN_NAME = new Set([2304, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593]);
/** A module that can't be found; running the cell says so too. */
const UNKNOWN_MODULE = new Set([2307, 2792, 2882]);
/** Used before it is declared, before it is assigned, in its own initializer. */
const TOO_EARLY = new Set([2448, 2449, 2450, 2454, 7022, 7023, 7024]);
/** "Property 'x' does not exist on type 'typeof A'", with a hint or without. */
const NO_PROPERTY = new Set([2339, 2551]);
/** "… is of type unknown": the type says nothing of the value that is there. */
const UNKNOWN_TYPE = new Set([2571, 18046]);
/** "… is possibly null or undefined." */
const MAYBE_NOTHING = new Set([2531, 2532, 2533, 18047, 18048, 18049]);

export interface DiagnoseOptions {
  /** Names that exist at run time though no declaration is known of them. */
  living: ReadonlySet<string>;
  /** The cell has not run yet: what running would say is said now. */
  before: boolean;
}

/** `found`: the compiler's semantic diagnostics of the cell's module. */
export function diagnose(
  cell: CellModule,
  found: readonly ts.Diagnostic[],
  { living, before }: DiagnoseOptions,
): Diagnosis {
  const missing = new Set<string>();
  const errors: CellError[] = [];
  for (const { category, code, messageText, start = 0, length = 0 } of found) {
    const at = start - cell.shift;
    if (category !== ts.DiagnosticCategory.Error || at < 0 || at >= cell.source.length) continue;
    const text = cell.source.slice(at, at + length);
    const message = ts.flattenDiagnosticMessageText(messageText, "\n");
    if (isNatural(cell, code, text) || isOfOtherPart(cell, code, message)) continue;
    if (UNKNOWN_MODULE.has(code) && !before) continue;
    if (UNKNOWN_NAME.has(code)) {
      if (living.has(text)) continue;
      missing.add(text);
    }
    errors.push({ code, message, start: at, length: Math.min(length, cell.source.length - at) });
  }
  return { errors, missing: [...missing] };
}

/** What people do in notebooks, and what tells them nothing there. */
function isNatural(cell: CellModule, code: number, text: string): boolean {
  // Implicit any.
  if (code >= 7000 && code < 7100) return true;
  if (UNKNOWN_TYPE.has(code)) return true;
  // `let total = total + 1` means the total of the cell before.
  if (TOO_EARLY.has(code)) return cell.again.has(text);
  // An earlier cell may have assigned it since.
  if (MAYBE_NOTHING.has(code)) return cell.earlier.get(text)?.mutable === true;
  // A function, class or enum of an earlier cell is replaced.
  return code === 2632 && cell.earlier.has(text);
}

/** What an earlier cell's part of the namespace may hold. */
function isOfOtherPart({ merged }: CellModule, code: number, message: string): boolean {
  const name = NO_PROPERTY.has(code)
    ? /type 'typeof (?:[^']*\.)?([^'.]+)'/.exec(message)?.[1]
    : undefined;
  return name !== undefined && merged.has(name);
}
