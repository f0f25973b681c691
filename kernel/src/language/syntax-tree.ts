// The little of an ESTree program that the cell rewriter looks at, and a walk over it.
import { visitorKeys } from "oxc-parser";

/** A node of the tree that oxc-parser gives; offsets are UTF-16 code units. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** Calls `visit` for each child node of `node`, in source order of the keys. */
export function forEachChild(node: Node, visit: (child: Node) => void): void {
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const item of value) if (item) visit(item as Node);
    } else if (value && typeof value === "object") {
      visit(value as Node);
    }
  }
}

/** True for nodes that have their own `this`, `await` and `var` scope. */
export function isFunctionScope(node: Node): boolean {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "StaticBlock":
    case "PropertyDefinition":
    case "AccessorProperty":
      return true;
    default:
      return false;
  }
}

/** The names that a binding pattern binds. */
export function boundNames(pattern: Node, names: string[] = []): string[] {
  switch (pattern.type) {
    case "Identifier":
      names.push(pattern["name"] as string);
      break;
    case "ObjectPattern":
      for (const property of pattern["properties"] as Node[]) {
        boundNames((property["argument"] ?? property["value"]) as Node, names);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern["elements"] as (Node | null)[]) {
        if (element) boundNames(element, names);
      }
      break;
    case "AssignmentPattern":
      boundNames(pattern["left"] as Node, names);
      break;
    case "RestElement":
      boundNames(pattern["argument"] as Node, names);
      break;
  }
  return names;
}
