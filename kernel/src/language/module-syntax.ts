// Imports and exports of a cell, which is a script: imports become calls of the loader at the cell's
// start, exports lose their keyword.
import type MagicString from "magic-string";
import { RUNTIME } from "./runtime-names.ts";
import type { Node } from "./syntax-tree.ts";

/**
 * Rewrites an import declaration in place and returns the names that it declares; `variable` gives the
 * variable that holds a name.
 */
export function editImport(
  script: MagicString,
  node: Node,
  variable: (name: string) => string,
): string[] {
  const imported: string[] = [];
  const pairs: string[] = [];
  const names: string[] = [];
  for (const specifier of node["specifiers"] as Node[]) {
    const local = (specifier["local"] as Node)["name"] as string;
    const name = importedName(specifier);
    names.push(local);
    imported.push(name);
    pairs.push(`${JSON.stringify(name)}: ${variable(local)}`);
  }
  const target = pairs.length > 0 ? `{${pairs.join(", ")}}` : "";
  replaceByLoad(script, node, target, imported);
  return names;
}

/**
 * Takes the export keyword away. Returns the declaration or expression that is left, which stands as a
 * statement, or undefined where nothing is.
 */
export function editExport(script: MagicString, node: Node): Node | undefined {
  if (node.type === "ExportAllDeclaration") {
    replaceByLoad(script, node, "", ["*"]);
    return undefined;
  }
  const declaration = node["declaration"] as Node | null;
  if (!declaration) {
    if (node["source"]) {
      replaceByLoad(script, node, "", (node["specifiers"] as Node[]).map(exportedFrom));
    } else {
      script.remove(node.start, node.end);
    }
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
  return moduleExportName(specifier["imported"] as Node);
}

const exportedFrom = (specifier: Node) => moduleExportName(specifier["local"] as Node);

const moduleExportName = (name: Node) => (name["name"] ?? name["value"]) as string;

function replaceByLoad(script: MagicString, node: Node, target: string, names: string[]): void {
  const from = JSON.stringify((node["source"] as Node)["value"]);
  const attributes = (node["attributes"] as Node[] | undefined) ?? [];
  const options = attributes.map((attribute) => {
    const key = attribute["key"] as Node;
    const value = (attribute["value"] as Node)["value"];
    return `${JSON.stringify(moduleExportName(key))}: ${JSON.stringify(value)}`;
  });
  const load = `await ${RUNTIME}.load(${from}, ${JSON.stringify(names)}, {${options.join(", ")}})`;
  script.update(node.start, node.end, target ? `(${target} = ${load});` : `${load};`);
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

/** Moves these of a cell's statements to its start, in their order, after those that are there already. */
export function moveToStart(
  script: MagicString,
  body: readonly Node[],
  moved: readonly Node[],
): void {
  const leading = body.findIndex((statement) => !moved.includes(statement));
  if (leading < 0) return;
  const start = leading > 0 ? body[leading]!.start : 0;
  for (const one of moved) {
    if (one.start > start) script.move(one.start, one.end, start);
  }
}
