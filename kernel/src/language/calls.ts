// Which statements need to say that they run (only what calls something can allocate), and which needn't say
// what they throw.
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

/** Whether this is a new error, by its name. */
export function makesError(node: Node): boolean {
  const callee = node.type === "NewExpression" ? (node["callee"] as Node) : undefined;
  return /(?:Error|Exception)$/.test(String(callee?.["name"]));
}
