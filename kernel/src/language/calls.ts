// Which statements need to say that they run: only what calls something can allocate.
import { forEachChild, type Node } from "./syntax-tree.ts";

/** Whether running the statement's own code, nested blocks and functions aside, can call anything. */
export function mayCall(node: Node): boolean {
  switch (node.type) {
    case "CallExpression":
    case "NewExpression":
    case "TaggedTemplateExpression":
    case "AwaitExpression":
    case "YieldExpression":
    case "ImportExpression":
    case "ForOfStatement":
      return true;
    case "BlockStatement":
    case "ImportDeclaration":
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return false;
  }
  let found = false;
  forEachChild(node, (child) => {
    found ||= mayCall(child);
  });
  return found;
}
