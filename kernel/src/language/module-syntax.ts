// Imports and exports of a cell, which is a script: imports become calls of the loader at the cell's
// start, exports lose their keyword.
import type MagicString from "magic-string";
import { RUNTIME } from "./runtime-names.ts";
import type { Node } from "./syntax-tree.ts";

/** Whether the statement gives names of another module, or runs one. */
export function isImport(statement: Node): boolean {
  return statement.type === "ImportDeclaration" || Boolean(statement["source"]);
}

/** What an import, or an export from elsewhere, takes of its module: by what name there, and by what in the cell. */
export function importedNames(statement: Node): [name: string, local?: string][] {
  if (statement.type === "ExportAllDeclaration") return [["*"]];
  const specifiers = statement["specifiers"] as Node[];
  if (statement.type !== "ImportDeclaration") {
    return specifiers.map((one) => [nameOf(one["local"] as Node)]);
  }
  return specifiers.map((one) => [importedName(one), (one["local"] as Node)["name"] as string]);
}

/**
 * Takes the export keyword away. Returns the declaration or expression that is left, which stands as a
 * statement, or undefined where nothing is. `variable` gives the variable that holds a name.
 */
export function editExport(
  script: MagicString,
  node: Node,
  variable: (name: string) => string,
): Node | undefined {
  const declaration = node["declaration"] as Node | null;
  if (!declaration) {
    // Read, so that a name that there is not is an error.
    const read = (node["specifiers"] as Node[]).map(({ local }) => variable(nameOf(local as Node)));
    script.update(node.start, node.end, read.length > 0 ? `void [${read.join(", ")}];` : "");
    return undefined;
  }
  script.remove(node.start, declaration.start);
  if (declaration.type === "ObjectExpression") {
    script.appendRight(declaration.start, "(");
    script.appendLeft(declaration.end, ")");
  }
  return declaration;
}

function importedName(specifier: Node): string {
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  return nameOf(specifier["imported"] as Node);
}

const nameOf = (name: Node) => (name["name"] ?? name["value"]) as string;

/** The statement loads its module; `target` is what takes the names, if anything does. */
export function replaceByLoad(
  script: MagicString,
  node: Node,
  target: string,
  names: readonly string[],
): void {
  const from = JSON.stringify((node["source"] as Node)["value"]);
  const attributes = (node["attributes"] as Node[] | undefined) ?? [];
  const options = attributes.map((attribute) => {
    const key = attribute["key"] as Node;
    const value = (attribute["value"] as Node)["value"];
    return `${JSON.stringify(nameOf(key))}: ${JSON.stringify(value)}`;
  });
  const load = `await ${RUNTIME}.load(${from}, ${JSON.stringify(names)}, {${options.join(", ")}})`;
  script.update(node.start, node.end, `${target}${load};`);
}

/** `export {}`, which oxc adds where types were all that a cell imported or exported. */
export function isMarker(statement: Node): boolean {
  const { type, declaration, source, specifiers } = statement;
  return (
    type === "ExportNamedDeclaration" &&
    !declaration &&
    !source &&
    (specifiers as Node[]).length === 0
  );
}

/** An `export default` expression stands where a statement was. */
export function isExpression(node: Node): boolean {
  return /Expression$|^Identifier$|^Literal$|^TemplateLiteral$/.test(node.type);
}

/**
 * Moves these of a cell's statements to its start, in their order, after those that are there already and
 * those of `before`, which have been moved there.
 */
export function moveToStart(
  script: MagicString,
  body: readonly Node[],
  moved: readonly Node[],
  before: readonly Node[] = [],
): void {
  const leading = body.findIndex((one) => !moved.includes(one) && !before.includes(one));
  if (leading < 0) return;
  const start = leading > 0 ? body[leading]!.start : 0;
  for (const one of moved) {
    if (one.start > start) script.move(one.start, one.end, start);
  }
}
