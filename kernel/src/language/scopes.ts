// Which names a node declares for what is inside it, and which it assigns to. The cell's own top is no
// scope here: what it declares is the notebook's.
import {
  boundNames,
  forEachChild,
  isFunctionScope,
  type Node,
  type Target,
  targets,
} from "./syntax-tree.ts";

/** What this node itself assigns to, declarations aside. */
export function assignedBy(node: Node): Target[] {
  switch (node.type) {
    case "AssignmentExpression":
      return targets(node["left"] as Node);
    case "UpdateExpression":
      return targets(node["argument"] as Node);
    case "ForInStatement":
    case "ForOfStatement": {
      const left = node["left"] as Node;
      return left.type === "VariableDeclaration" ? [] : targets(left);
    }
    default:
      return [];
  }
}

/** Names of inner variables: they hide those of the notebook. */
export type Scope = ReadonlySet<string>;
export const NO_SCOPE: Scope = new Set();

/** The scope within a node. */
export function scopeOf(node: Node, outer: Scope): Scope {
  const declared = declaredBy(node);
  return declared.length > 0 ? new Set([...outer, ...declared]) : outer;
}

/** Calls `visit` for each child of the node with the scope that it stands in. */
export function forEachInScope(
  node: Node,
  outer: Scope,
  visit: (child: Node, scope: Scope) => void,
): void {
  const scope = scopeOf(node, outer);
  forEachChild(node, (child) => visit(child, child === node["discriminant"] ? outer : scope));
}

/** Names that code of strings is made by, which no analysis sees. */
const MAKERS = new Set(["eval", "Function"]);
/** Stands for every name. */
export const ANY_NAME = "*";

/** The notebook's variables that functions among these statements assign to. */
export function writtenByFunctions(body: readonly Node[]): Set<string> {
  const written = new Set<string>();
  const visit = (node: Node, outer: Scope, inFunction: boolean): void => {
    const inside = inFunction || isFunctionScope(node);
    const scope = scopeOf(node, outer);
    for (const { name } of inside ? assignedBy(node) : []) if (!scope.has(name)) written.add(name);
    if (node.type === "Identifier" && MAKERS.has(node["name"] as string)) written.add(ANY_NAME);
    forEachInScope(node, outer, (child, inner) => visit(child, inner, inside));
  };
  for (const statement of body) visit(statement, NO_SCOPE, false);
  return written;
}

/** The names that this node's own scope declares. */
export function declaredBy(node: Node): string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression": {
      const own = node.type === "FunctionExpression" ? nameOf(node) : [];
      const parameters = (node["params"] as Node[]).flatMap((one) => boundNames(one));
      return [...own, ...parameters, ...hoisted(node["body"] as Node)];
    }
    case "ClassDeclaration":
    case "ClassExpression":
      return nameOf(node);
    case "BlockStatement":
      return (node["body"] as Node[]).flatMap(lexical);
    case "StaticBlock":
      return (node["body"] as Node[]).flatMap((one) => [...lexical(one), ...hoisted(one)]);
    case "SwitchStatement":
      return (node["cases"] as Node[]).flatMap((one) =>
        (one["consequent"] as Node[]).flatMap(lexical),
      );
    case "ForStatement":
      return node["init"] ? lexical(node["init"] as Node) : [];
    case "ForInStatement":
    case "ForOfStatement":
      return lexical(node["left"] as Node);
    case "CatchClause":
      return node["param"] ? boundNames(node["param"] as Node) : [];
    default:
      return [];
  }
}

function nameOf(node: Node): string[] {
  const id = node["id"] as Node | null;
  return id ? [id["name"] as string] : [];
}

/** What a statement declares in the block that it stands in. */
function lexical(statement: Node): string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement["kind"] === "var" ? [] : variables(statement);
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return nameOf(statement);
    default:
      return [];
  }
}

/** What `var` declares in this node for the function around it. */
function hoisted(node: Node): string[] {
  if (node.type === "VariableDeclaration" && node["kind"] === "var") return variables(node);
  const names: string[] = [];
  forEachChild(node, (child) => {
    if (!isFunctionScope(child)) names.push(...hoisted(child));
  });
  return names;
}

const variables = (declaration: Node) =>
  (declaration["declarations"] as Node[]).flatMap(({ id }) => boundNames(id as Node));
