// A cell may declare a name that is a global of JavaScript or Node: `class Map {}`, `const crypto = …`,
// `import { setTimeout } from "node:timers/promises"`. The global scope that cells share is the one that
// every module sees, the kernel's own and those of packages; there the name must go on to mean what it
// did. So such a name is kept under a stand-in, in that cell and in all that follow: every identifier of
// that name is renamed, inner ones too, which keeps what refers to what without looking at scopes.
import type MagicString from "magic-string";
import { LINE_WORD, RUNTIME } from "./runtime-names.ts";
import { forEachChild, type Node } from "./syntax-tree.ts";

/** Appended to the name. It isn't visible, so that messages of errors read as they should. */
const MARK = "\u200c";
/**
 * What code of CommonJS knows besides. Cells know it too, by stand-ins from the first cell on: packages
 * tell by these names what kind of module they are.
 */
export const COMMONJS_NAMES = ["__dirname", "__filename", "exports", "module"] as const;
/** Those that can't be declared at all, which V8 says well. */
const FIXED = ["undefined", "NaN", "Infinity"];
/**
 * Those of JavaScript and Node, and what the generated code of cells calls. Only their names are looked at:
 * to ask what kind of property each is has Node load what is behind it, a third of its own modules.
 */
const GLOBALS = new Set<string>([
  ...COMMONJS_NAMES,
  ...Object.getOwnPropertyNames(globalThis).filter((name) => !FIXED.includes(name)),
  RUNTIME,
  LINE_WORD,
]);

/** The variable that stands in for the name. */
export const standIn = (name: string): string => name + MARK;

export const isStandIn = (name: string): boolean => name.endsWith(MARK);

/** Those of the names that need a stand-in once a cell declares them. */
export function globalsAmong(names: readonly string[]): string[] {
  return names.filter((name) => GLOBALS.has(name));
}

/** Renames the names in one statement of a cell. To be called before any other edit of it. */
export function renameIn(script: MagicString, statement: Node, names: ReadonlySet<string>): void {
  const declaration = statement["declaration"] as Node | undefined;
  switch (statement.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return; // written anew as a whole
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      if (declaration) renameIn(script, declaration, names);
      return;
    case "FunctionDeclaration":
    case "ClassDeclaration": {
      // It keeps its name, and with it what the name means inside.
      const own = (statement["id"] as Node | null)?.["name"] as string | undefined;
      const others = new Set([...names].filter((name) => name !== own));
      if (others.size > 0) forEachChild(statement, (child) => rename(script, child, others));
      return;
    }
    default:
      rename(script, statement, names);
  }
}

function rename(script: MagicString, node: Node, names: ReadonlySet<string>): void {
  switch (node.type) {
    case "Identifier":
      if (names.has(node["name"] as string)) script.appendLeft(node.end, MARK);
      return;
    case "MetaProperty":
    case "BreakStatement":
    case "ContinueStatement":
      return;
    case "LabeledStatement":
      rename(script, node["body"] as Node, names);
      return;
    case "Property":
      if (node["shorthand"]) {
        const key = (node["key"] as Node)["name"] as string;
        if (names.has(key)) script.appendRight(node.start, `${key}: `);
        rename(script, node["value"] as Node, names);
        return;
      }
  }
  const plainKey = node["computed"] === false ? (node["key"] ?? node["property"]) : undefined;
  forEachChild(node, (child) => {
    if (child !== plainKey) rename(script, child, names);
  });
}
