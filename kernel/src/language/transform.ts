// Turns a cell of TypeScript into a script that runs in the notebook's one global scope. oxc strips the
// types; the result is then edited by its syntax tree so that it behaves as a notebook's cell should:
//   - what the cell declares at its top is declared once, apart, as `let`, and assigned here: so a later
//     cell may declare the name again in any way, and functions of earlier cells see the new value;
//     functions, and imports, move to the start, as JavaScript hoists them;
//   - imports go to our loader, since a script takes none;
//   - a cell that awaits is the body of an async function, and its own awaits can be cancelled;
//     `using` disposes at the cell's end;
//   - the last expression goes to our callback unless the cell ends with a semicolon;
//   - statements that call something first store their line, for the pool's attribution.
// Source maps cost nothing until an error asks: `mapCell` makes the same edits again and keeps the map.
import MagicString from "magic-string";
import { parseSync } from "oxc-parser";
import { transformSync } from "oxc-transform";
import { CellEditor } from "./cell-editor.ts";
import { CellMap, LineTable } from "./cell-map.ts";
import { globalsAmong, standIn } from "./stand-ins.ts";
import { firstSyntaxError } from "./syntax-error.ts";
import type { Node } from "./syntax-tree.ts";

export interface CellCode {
  /** A script; the names in `declares` must be declared before it runs. */
  code: string;
  /** True when the script hands an async function to the runtime instead of running at once. */
  isAsync: boolean;
  /** True when the value of the last expression goes to the callback. */
  hasResult: boolean;
  /** Variables that the cell declares at its top. */
  declares: string[];
  /** Globals' names that have a stand-in from now on: those given, and what this cell declares of them. */
  standIns: readonly string[];
}

interface Prepared {
  script: MagicString;
  editor: CellEditor;
  typesMap: string;
  standIns: readonly string[];
}

/**
 * Compiles the cell with this id (it appears in the code, so that a late await knows its cell).
 * `standIns`: as the cell before returned them (see stand-ins.ts). Throws CellSyntaxError.
 */
export function transformCell(
  source: string,
  id: number,
  standIns: readonly string[] = [],
): CellCode {
  const { script, editor, standIns: all } = prepare(source, id, standIns);
  return {
    code: script.toString(),
    isAsync: editor.isAsync,
    hasResult: editor.hasResult,
    declares: editor.declares.map((name) => (all.includes(name) ? standIn(name) : name)),
    standIns: all,
  };
}

/** How positions in the code that `transformCell` made lead back to the user's source. */
export function mapCell(source: string, id: number, standIns: readonly string[] = []): CellMap {
  const { script, typesMap } = prepare(source, id, standIns);
  return new CellMap(script.generateMap({ hires: true, source: "cell.js" }).toString(), typesMap);
}

function prepare(source: string, id: number, standIns: readonly string[]): Prepared {
  const stripped = stripTypes(source);
  const script = new MagicString(stripped.code);
  const parsed = parseSync("cell.js", stripped.code, { lang: "js", sourceType: "module" });
  const editor = new CellEditor(script, id, new LineTable(stripped.code, stripped.mappings), {
    showResult: !endsWithSemicolon(source),
    standIns: new Set(standIns),
  });
  editor.edit(parsed.program as unknown as Node);
  const more = globalsAmong(editor.declares).filter((name) => !standIns.includes(name));
  if (more.length > 0) return prepare(source, id, [...standIns, ...more]);
  return { script, editor, typesMap: stripped.mappings, standIns };
}

function stripTypes(source: string): { code: string; mappings: string } {
  // As in other REPLs, a cell that is nothing but {…} is an object where it can be one.
  const trimmed = source.trim();
  if (trimmed.startsWith("{") && trimmed.endsWith("}")) {
    const asObject = runOxc(`(${source}\n)`);
    // The parenthesis shifts the first line by one column, which only errors inside it could show.
    if (asObject.errors.length === 0) return { code: asObject.code, mappings: asObject.map };
  }
  const made = runOxc(source);
  const error = firstSyntaxError(source, made.errors);
  if (error) throw error;
  return { code: made.code, mappings: made.map };
}

function runOxc(source: string) {
  const made = transformSync("cell.ts", source, {
    lang: "ts",
    sourceType: "module",
    sourcemap: true,
    // An import may be there for a later cell.
    typescript: { onlyRemoveTypeImports: true },
  });
  return { code: made.code, map: made.map?.mappings ?? "", errors: made.errors };
}

/** Whether the last thing in the cell, comments aside, is a semicolon. */
function endsWithSemicolon(source: string): boolean {
  let end = source.trimEnd();
  const lastLine = end.slice(end.lastIndexOf("\n") + 1);
  if (/\/\/|\*\//.test(lastLine)) {
    const { comments } = parseSync("cell.ts", source, { lang: "ts", sourceType: "module" });
    for (const comment of comments.toReversed()) {
      if (comment.end === end.length) end = end.slice(0, comment.start).trimEnd();
    }
  }
  return end.endsWith(";");
}
