// Loops at the top of a cell run at a function's speed. What cells declare are variables of the global
// scope, in memory, and each step of a loop that adds to one waits for the step before to be stored and
// loaded again. So such a loop, unless it awaits, gets a local copy of each variable of the notebook that
// it uses itself. It reads the copy and writes both, so the variable is right at every moment, whoever
// looks at it, and however the loop ends:
//   for (const x of data) sum += x
//   { let sum' = sum, data' = data; for (const x of data') sum = sum' += x }
// The copy would be wrong where something else assigns to the variable meanwhile. That can only be a
// function of some cell, so variables that any of them assigns to are left alone; and all of them, once a
// cell mentions what makes code of strings.
import type MagicString from "magic-string";
import { RUNTIME } from "./runtime-names.ts";
import { assignedBy, forEachInScope, NO_SCOPE, type Scope, scopeOf } from "./scopes.ts";
import { boundNames, forEachChild, isFunctionScope, type Node } from "./syntax-tree.ts";

/** Appended to the name. It isn't visible, so that messages of errors read as they should. */
const MARK = "\u200d";
const copyOf = (name: string) => name + MARK;
/** Holds the value of `x++`, which is that of x before. */
const formerOf = (name: string) => name + MARK + MARK;

const LOOPS = new Set([
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
]);

/** How a loop uses a variable, each with the node that holds the use. */
interface Uses {
  reads: { node: Node; shorthand: boolean }[];
  /** `x = e`, `x ??= e`; of a declaration `var x = e` too. */
  sets: Node[];
  /** `x += e` */
  changes: Node[];
  /** `x++`, and whether the value is used. */
  steps: { node: Node; isUsed: boolean }[];
}

export class LoopLocals {
  readonly #script: MagicString;
  readonly #mayCopy: (name: string, isAssigned: boolean) => boolean;

  /** `mayCopy`: whether the notebook has a variable of this name that no function assigns to. */
  constructor(script: MagicString, mayCopy: (name: string, isAssigned: boolean) => boolean) {
    this.#script = script;
    this.#mayCopy = mayCopy;
  }

  /** Edits the outermost loops of the statement. To be called after all other edits of it. */
  edit(statement: Node, outer: Scope = NO_SCOPE): void {
    if (isFunctionScope(statement) || statement.type.startsWith("Class")) return;
    if (isLoop(statement) && !awaits(statement)) {
      this.#editLoop(statement, outer);
      return;
    }
    forEachInScope(statement, outer, (child, scope) => this.edit(child, scope));
  }

  #editLoop(loop: Node, outer: Scope): void {
    const used = new LoopUses(loop, outer);
    const copies: string[] = [];
    for (const [name, uses] of used.uses) {
      const isAssigned = uses.sets.length + uses.changes.length + uses.steps.length > 0;
      if (used.barred.has(name) || !this.#mayCopy(name, isAssigned)) continue;
      copies.push(`${copyOf(name)} = ${RUNTIME}.copy(${name})`);
      if (uses.steps.some(({ isUsed }) => isUsed)) copies.push(formerOf(name));
      this.#editUses(name, uses);
    }
    if (copies.length === 0) return;
    this.#script.prependRight(loop.start, `{ let ${copies.join(", ")}; `);
    this.#script.appendLeft(loop.end, " }");
  }

  #editUses(name: string, { reads, sets, changes, steps }: Uses): void {
    const script = this.#script;
    for (const { node, shorthand } of reads) {
      if (shorthand) script.appendRight(node.start, `${name}: `);
      script.appendLeft(node.end, MARK);
    }
    // The variable is innermost: a function that is assigned gets its name.
    for (const target of sets) script.appendRight(target.start, `${copyOf(name)} = `);
    for (const target of changes) {
      script.appendRight(target.start, `${name} = `);
      script.appendLeft(target.end, MARK);
    }
    for (const { node, isUsed } of steps) {
      const operator = node["operator"] as string;
      const step = `${name} = ${operator}${copyOf(name)}`;
      const former = `${formerOf(name)} = ${copyOf(name)}${operator}, ${name} = ${copyOf(name)}, ${formerOf(name)}`;
      script.update(node.start, node.end, isUsed ? `(${former})` : `(${step})`);
    }
  }
}

/** What a loop itself, functions in it aside, does with variables that it doesn't declare. */
class LoopUses {
  readonly uses = new Map<string, Uses>();
  /** Names that are assigned to in ways that are not followed. */
  readonly barred = new Set<string>();

  constructor(loop: Node, outer: Scope) {
    this.#visit(loop, outer, undefined);
  }

  #visit(node: Node, outer: Scope, parent: Node | undefined): void {
    if (isFunctionScope(node)) {
      this.#function(node, outer);
      return;
    }
    const scope = scopeOf(node, outer);
    const followed = this.#assignment(node, scope, parent);
    if (!followed) {
      for (const { name } of assignedBy(node)) if (!scope.has(name)) this.barred.add(name);
    }
    switch (node.type) {
      case "Identifier":
        this.#of(node, scope)?.reads.push({ node, shorthand: false });
        return;
      case "MetaProperty":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "LabeledStatement":
        this.#visit(node["body"] as Node, scope, node);
        return;
      case "Property":
        if (node["shorthand"] && parent?.type === "ObjectExpression") {
          this.#of(node["value"] as Node, scope)?.reads.push({ node, shorthand: true });
          return;
        }
    }
    const plainKey = node["computed"] === false ? (node["key"] ?? node["property"]) : undefined;
    forEachInScope(node, outer, (child, inner) => {
      if (child !== plainKey && child !== followed) this.#visit(child, inner, node);
    });
  }

  /** Of what belongs to a class, the key is the loop's own. */
  #function(node: Node, outer: Scope): void {
    if (node["computed"] === true) this.#visit(node["key"] as Node, outer, node);
  }

  /** Notes an assignment to a single name, and returns the node that stands for it. */
  #assignment(node: Node, scope: Scope, parent: Node | undefined): Node | undefined {
    switch (node.type) {
      case "AssignmentExpression": {
        const target = node["left"] as Node;
        const uses = this.#of(target, scope);
        const isSet = /^(\?\?|\|\||&&)?=$/.test(node["operator"] as string);
        (isSet ? uses?.sets : uses?.changes)?.push(target);
        return uses && target;
      }
      case "UpdateExpression": {
        const target = node["argument"] as Node;
        const isUsed = node["prefix"] !== true && !isDropped(node, parent);
        const uses = this.#of(target, scope);
        uses?.steps.push({ node, isUsed });
        return uses && target;
      }
      case "VariableDeclarator": {
        // What `let` and `const` declare is in scope; `var` declares for the notebook.
        const target = node["id"] as Node;
        const uses = this.#of(target, scope);
        if (node["init"]) uses?.sets.push(target);
        if (uses) return target;
        for (const name of boundNames(target)) if (!scope.has(name)) this.barred.add(name);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /** The uses of the name that this node is, unless the loop declares it. */
  #of(node: Node, scope: Scope): Uses | undefined {
    const name = node.type === "Identifier" ? (node["name"] as string) : undefined;
    if (name === undefined || scope.has(name)) return undefined;
    const uses = this.uses.get(name) ?? { reads: [], sets: [], changes: [], steps: [] };
    this.uses.set(name, uses);
    return uses;
  }
}

/** Whether nothing takes the expression's value. */
function isDropped(node: Node, parent: Node | undefined): boolean {
  return (
    parent?.type === "ExpressionStatement" ||
    (parent?.type === "ForStatement" && parent["update"] === node)
  );
}

/** A label belongs to its loop. */
function isLoop(node: Node): boolean {
  return node.type === "LabeledStatement" ? isLoop(node["body"] as Node) : LOOPS.has(node.type);
}

/** Whether others may run before the node has. */
function awaits(node: Node): boolean {
  if (node.type === "AwaitExpression" || node["await"] === true || node["kind"] === "await using") {
    return true;
  }
  let found = false;
  forEachChild(node, (child) => {
    found ||= !isFunctionScope(child) && awaits(child);
  });
  return found;
}
