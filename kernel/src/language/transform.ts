// Turns a cell of TypeScript into a script that runs in the notebook's one global scope. oxc strips the
// types; the result is then edited by its syntax tree so that it behaves as a notebook's cell should:
//   - what the cell declares at its top is declared once, apart, as `let`, and assigned here: so a later
//     cell may declare the name again in any way, and functions of earlier cells see the new value;
//     functions, and imports, move to the start, as JavaScript hoists them;
//   - imports go to our loader, since a script takes none (cell-imports.ts);
//   - a cell that awaits is the body of an async function, and its own awaits can be cancelled;
//     `using` disposes at the cell's end;
//   - the last expression goes to our callback unless the cell ends with a semicolon;
//   - statements that call something first store their line, for the pool's attribution;
//   - magics at its head become calls;
//   - loops at the top work on local copies of variables (loop-locals.ts).
// Source maps cost nothing until an error asks: `mapCell` makes the same edits again and keeps the map.
import MagicString from "magic-string";
import { parseSync } from "oxc-parser";
import { splitMagics } from "../base/index.ts";
import { CellEditor } from "./cell-editor.ts";
import { CellMap, LineTable } from "./cell-map.ts";
import { aroundCell, awaitsMagic, checkMagics, timedLine } from "./magic-answers.ts";
import { AskedNames, type KnownNames, type NewNames, NO_NAMES } from "./notebook-names.ts";
import { globalsAmong, standIn } from "./stand-ins.ts";
import type { Node } from "./syntax-tree.ts";
import { cellToJavaScript, type JavaScript } from "./to-javascript.ts";

export interface CellCode extends NewNames {
  /** A script; the names in `declares` must be declared before it runs, or when it asks for it. */
  code: string;
  /** True when the script asks for its names to be declared, once it has loaded the modules that it imports. */
  hasImports: boolean;
  /** True when the script hands an async function to the runtime instead of running at once. */
  isAsync: boolean;
  /** True when the value of the last expression goes to the callback. */
  hasResult: boolean;
  /** Variables that the cell declares at its top. */
  declares: string[];
  /** What of the notebook's names the cell's code was made with, for `mapCell`. */
  known: KnownNames;
}

interface Prepared {
  script: MagicString;
  editor: CellEditor;
  javaScript: JavaScript;
  asked: AskedNames;
}

/**
 * Compiles the cell with this id (it appears in the code, so that a late await knows its cell).
 * `known`: the names that earlier cells declared. Throws CellSyntaxError.
 */
export function transformCell(source: string, id: number, known: KnownNames = NO_NAMES): CellCode {
  const { script, editor, asked } = prepare(source, id, known);
  const { standIns } = asked;
  return {
    code: script.toString(),
    hasImports: editor.hasImports,
    isAsync: editor.isAsync,
    hasResult: editor.hasResult,
    declares: [...editor.names.keys()].map((name) => variableOf(name, standIns)),
    names: editor.names,
    written: editor.written,
    standIns,
    known: asked.asked,
  };
}

/** How positions in the code that `transformCell` made lead back to the user's source. */
export function mapCell(source: string, id: number, known: KnownNames = NO_NAMES): CellMap {
  const { script, javaScript } = prepare(source, id, known);
  const edits = script.generateMap({ hires: true, source: "cell.js" }).toString();
  return new CellMap(edits, javaScript);
}

const variableOf = (name: string, standIns: readonly string[]) =>
  standIns.includes(name) ? standIn(name) : name;

function prepare(cell: string, id: number, known: KnownNames, standIns = known.standIns): Prepared {
  const { code: source, magics } = splitMagics(cell);
  if (magics.length > 0) checkMagics(cell, magics);
  const asked = new AskedNames(known, standIns);
  const javaScript = cellToJavaScript(source, asked);
  const script = new MagicString(javaScript.code);
  const parsed = parseSync("cell.js", javaScript.code, { lang: "js", sourceType: "module" });
  const editor = new CellEditor(script, id, new LineTable(javaScript), {
    javaScript,
    known: asked,
    showResult: !endsWithSemicolon(javaScript),
    awaits: awaitsMagic(magics),
    around: aroundCell(magics, id),
    timedLine: timedLine(magics),
  });
  editor.edit(parsed.program as unknown as Node);
  const more = globalsAmong([...editor.names.keys()]).filter((name) => !standIns.includes(name));
  if (more.length > 0) return prepare(cell, id, known, [...standIns, ...more]);
  return { script, editor, javaScript, asked };
}

/** Whether the last thing in the cell, comments aside, is a semicolon. */
function endsWithSemicolon({ source, lang }: JavaScript): boolean {
  let end = source.trimEnd();
  const lastLine = end.slice(end.lastIndexOf("\n") + 1);
  if (/\/\/|\*\//.test(lastLine)) {
    const { comments } = parseSync(`cell.${lang}`, source, { lang, sourceType: "module" });
    for (const comment of comments.toReversed()) {
      if (comment.end === end.length) end = end.slice(0, comment.start).trimEnd();
    }
  }
  return end.endsWith(";");
}
