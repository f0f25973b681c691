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

/** An identifier that is assigned to. */
export interface Target {
  name: string;
  start: number;
  end: number;
  /** It stands for a property of its name too, as in `({ x } = y)`. */
  shorthand: boolean;
}

/** The identifiers that a pattern assigns to or binds. */
export function targets(pattern: Node, found: Target[] = [], shorthand = false): Target[] {
  switch (pattern.type) {
    case "Identifier":
      found.push({
        name: pattern["name"] as string,
        start: pattern.start,
        end: pattern.end,
        shorthand,
      });
      break;
    case "ObjectPattern":
      for (const property of pattern["properties"] as Node[]) {
        const value = (property["argument"] ?? property["value"]) as Node;
        targets(value, found, property["shorthand"] === true);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern["elements"] as (Node | null)[]) {
        if (element) targets(element, found);
      }
      break;
    case "AssignmentPattern":
      targets(pattern["left"] as Node, found, shorthand);
      break;
    case "RestElement":
      targets(pattern["argument"] as Node, found);
      break;
    case "ParenthesizedExpression":
      targets(pattern["expression"] as Node, found);
  }
  return found;
}

/** The names that a binding pattern binds. */
export function boundNames(pattern: Node): string[] {
  return targets(pattern).map(({ name }) => name);
}
