// Assignments to constants of the notebook. Cells keep what they declare in variables that can be declared
// anew, so V8 doesn't know them for constant; assignments that must fail are found here, by their scopes,
// when the cell is compiled.
import type MagicString from "magic-string";
import { RUNTIME } from "./runtime-names.ts";
import { boundNames, forEachChild, isFunctionScope, type Node } from "./syntax-tree.ts";

/** An identifier that is assigned to. */
interface Target {
  name: string;
  start: number;
  end: number;
  /** It stands for a property of its name too, as in `({ x } = y)`. */
  shorthand: boolean;
}

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

function targets(pattern: Node, found: Target[] = [], shorthand = false): Target[] {
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

/** Makes the assignments of a cell's statement to these variables throw, inner variables of their names aside. */
export class ConstantGuard {
  readonly #script: MagicString;
  /** The variable that holds what the cell calls by this name. */
  readonly #variable: (name: string) => string;

  constructor(script: MagicString, variable: (name: string) => string) {
    this.#script = script;
    this.#variable = variable;
  }

  guard(node: Node, outer: ReadonlySet<string>): void {
    const inner = declaredBy(node);
    const names =
      inner.length > 0 ? new Set([...outer].filter((one) => !inner.includes(one))) : outer;
    if (names.size === 0) return;
    for (const target of assignedBy(node)) {
      if (names.has(target.name)) this.#refuse(node, target);
    }
    forEachChild(node, (child) => this.guard(child, names));
  }

  /** `x` as a target becomes a property that refuses to be read or written. */
  #refuse(node: Node, { name, start, end, shorthand }: Target): void {
    const variable = this.#variable(name);
    // Where the name has a stand-in, its renaming has written the property's name already.
    const key = shorthand && variable === name ? `${name}: ` : "";
    const operator = node.type === "AssignmentExpression" ? (node["operator"] as string) : "";
    const logical = /^(\|\||&&|\?\?)=$/.exec(operator)?.[1];
    // `x ||= y` assigns only where x is false.
    if (logical) this.#script.appendLeft((node["right"] as Node).end, ")");
    const test = logical ? `${variable} ${logical} (` : "";
    this.#script.update(start, end, `${key}${test}${RUNTIME}.constant.${name}`);
  }
}

/** The names that this node's own scope declares. */
function declaredBy(node: Node): string[] {
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
