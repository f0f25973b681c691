// The edits that make a module's code a notebook cell (see transform.ts for which and why). Works on the
// JavaScript that oxc printed, where every statement ends with a semicolon.
import type MagicString from "magic-string";
import type { LineTable } from "./cell-map.ts";
import { editExport, editImport } from "./module-syntax.ts";
import { LINE_WORD, RUNTIME } from "./runtime-names.ts";
import { renameIn, standIn } from "./stand-ins.ts";
import { boundNames, forEachChild, isFunctionScope, type Node } from "./syntax-tree.ts";

export interface EditorOptions {
  /** Whether the last expression is the cell's result. */
  showResult: boolean;
  /** Names that a stand-in is used for. */
  standIns: ReadonlySet<string>;
}

export class CellEditor {
  readonly script: MagicString;
  readonly id: number;
  /** True when the cell itself awaits: it runs as the body of an async function. */
  isAsync = false;
  hasResult = false;
  readonly #declares = new Set<string>();
  readonly #lines: LineTable;
  readonly #showResult: boolean;
  readonly #standIns: ReadonlySet<string>;
  /** Statements that belong at the start: imports and functions. */
  readonly #moved: Node[] = [];

  constructor(script: MagicString, id: number, lines: LineTable, options: EditorOptions) {
    this.script = script;
    this.id = id;
    this.#lines = lines;
    this.#showResult = options.showResult;
    this.#standIns = options.standIns;
  }

  edit(program: Node): void {
    const body = program["body"] as Node[];
    if (this.#standIns.size > 0) {
      for (const statement of body) renameIn(this.script, statement, this.#standIns);
    }
    for (const statement of body) {
      this.#storeLine(statement);
      this.#walk(statement, 0);
    }
    for (const statement of body) this.#topLevel(statement, statement === body.at(-1));
    this.#moveToStart(body);
    this.script.prepend(
      this.isAsync ? `"use strict"; ${RUNTIME}.run(async () => { ` : '"use strict"; ',
    );
    if (this.isAsync) this.script.append("\n});");
  }

  /** The names that the cell declares, each once. */
  get declares(): string[] {
    return [...this.#declares];
  }

  /** The variable that holds what the cell calls by this name. */
  readonly #variable = (name: string): string => (this.#standIns.has(name) ? standIn(name) : name);

  // ---- the cell's own statements ----

  /** Imports and functions go to the start, in their order, after those that are there already. */
  #moveToStart(body: Node[]): void {
    const leading = body.findIndex((statement) => !this.#moved.includes(statement));
    const start = leading > 0 ? body[leading]!.start : 0;
    if (leading < 0) return;
    for (const moved of this.#moved) {
      if (moved.start > start) this.script.move(moved.start, moved.end, start);
    }
  }

  #topLevel(statement: Node, last: boolean): void {
    switch (statement.type) {
      case "ImportDeclaration":
        this.isAsync = true;
        for (const name of editImport(this.script, statement, this.#variable)) {
          this.#declares.add(name);
        }
        this.#moved.push(statement);
        break;
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration":
      case "ExportAllDeclaration": {
        const declaration = editExport(this.script, statement);
        if (declaration) this.#topLevel(declaration, last);
        else {
          this.#moved.push(statement);
          this.isAsync ||= Boolean(statement["source"]);
        }
        break;
      }
      case "VariableDeclaration":
        this.#variables(statement);
        break;
      case "FunctionDeclaration":
        this.#function(statement);
        break;
      case "ClassDeclaration":
        this.#class(statement);
        break;
      case "ExpressionStatement":
        if (last && this.#showResult) this.#result(statement["expression"] as Node);
        break;
      default:
        if (last && this.#showResult && isExpression(statement)) this.#result(statement);
    }
  }

  #variables(statement: Node): void {
    const kind = statement["kind"] as string;
    if (kind === "var") return; // already done by the walk, as for nested ones
    for (const declarator of statement["declarations"] as Node[]) {
      if (!declarator["init"]) this.script.appendLeft(declarator.end, " = undefined");
      if (kind.endsWith("using")) this.#using(declarator["init"] as Node);
    }
    this.#toAssignments(statement);
  }

  /** `using x = f()` → `x = $cenote.using(id, f())`. */
  #using(init: Node): void {
    this.script.appendLeft(init.start, `${RUNTIME}.using(${this.id}, `);
    this.script.appendRight(init.end, ")");
  }

  /** `function f() {}` → at the start, `f = function () {};`. The name is inferred. */
  #function(statement: Node): void {
    const id = statement["id"] as Node | null;
    if (id) {
      const name = id["name"] as string;
      this.#declares.add(name);
      this.script.appendRight(statement.start, `${this.#variable(name)} = `);
      if (!this.#standIns.has(name)) this.script.remove(id.start, id.end);
    } else {
      this.script.appendRight(statement.start, "(");
      this.script.appendLeft(statement.end, ")");
    }
    this.script.appendLeft(statement.end, ";");
    this.#moved.push(statement);
  }

  #class(statement: Node): void {
    const id = statement["id"] as Node | null;
    if (!id) {
      this.script.appendRight(statement.start, "void ");
      return;
    }
    const name = id["name"] as string;
    this.#declares.add(name);
    this.script.appendRight(statement.start, `${this.#variable(name)} = `);
    this.script.appendLeft(statement.end, ";");
  }

  #result(expression: Node): void {
    this.hasResult = true;
    this.script.appendRight(expression.start, `${RUNTIME}.result(${this.id}, (`);
    this.script.appendLeft(expression.end, "))");
  }

  // ---- everything, however deep ----

  /** `depth` counts the functions around the node: 0 is the cell itself. */
  #walk(node: Node, depth: number): void {
    switch (node.type) {
      case "ImportExpression":
        this.script.update(node.start, node.start + "import".length, `${RUNTIME}.dynamicImport`);
        break;
      case "MetaProperty":
        if ((node["meta"] as Node)["name"] === "import") {
          this.script.update(node.start, node.end, `${RUNTIME}.meta`);
        }
        break;
      case "AwaitExpression":
        if (depth === 0) this.#guard(node["argument"] as Node, "wait");
        break;
      case "ForOfStatement":
        if (depth === 0 && node["await"]) this.#guard(node["right"] as Node, "each");
        break;
      case "VariableDeclaration":
        if (depth === 0 && node["kind"] === "var") this.#toAssignments(node);
        if (depth === 0 && node["kind"] === "await using") this.isAsync = true;
        break;
      case "BlockStatement":
      case "StaticBlock":
        for (const statement of node["body"] as Node[]) this.#storeLine(statement);
        break;
      case "SwitchCase":
        for (const statement of node["consequent"] as Node[]) this.#storeLine(statement);
        break;
    }
    const inner = isFunctionScope(node) ? depth + 1 : depth;
    // The key of a class's field is computed outside of it.
    forEachChild(node, (child) => this.#walk(child, child === node["key"] ? depth : inner));
  }

  /** `await x` → `await $cenote.wait(id, x)`, so that an interrupt can reject it. */
  #guard(argument: Node, call: string): void {
    this.isAsync = true;
    this.script.appendRight(argument.start, `${RUNTIME}.${call}(${this.id}, `);
    this.script.appendLeft(argument.end, ")");
  }

  /** Takes the keyword away and leaves assignments; the names are declared before the cell runs. */
  #toAssignments(declaration: Node): void {
    const declarators = declaration["declarations"] as Node[];
    for (const declarator of declarators) {
      for (const name of boundNames(declarator["id"] as Node)) this.#declares.add(name);
      // An enum adds to what its name holds; here that would be a value of an earlier cell.
      if (isEnum(declarator))
        this.script.appendLeft(
          declarator.start,
          `${this.#variable(nameOf(declarator))} = undefined, `,
        );
      if ((declarator["id"] as Node).type === "ObjectPattern" && declarator["init"]) {
        this.script.appendRight(declarator.start, "(");
        this.script.appendLeft(declarator.end, ")");
      }
    }
    this.script.remove(declaration.start, declarators[0]!.start);
  }

  #storeLine(statement: Node): void {
    if (statement.type === "FunctionDeclaration" || !mayCall(statement)) return;
    const line = this.#lines.lineOf(statement.start);
    if (line !== undefined) this.script.appendRight(statement.start, `${LINE_WORD}[0]=${line};`);
  }
}

const nameOf = (declarator: Node) => (declarator["id"] as Node)["name"] as string;

/** `E = function (E) {…}(E || {})`, as oxc writes an enum. */
function isEnum(declarator: Node): boolean {
  const init = declarator["init"] as Node | null;
  const [argument] = (init?.type === "CallExpression" ? init["arguments"] : []) as Node[];
  if (argument?.type !== "LogicalExpression") return false;
  return (argument["left"] as Node)["name"] === nameOf(declarator);
}

/** An `export default` expression stands where a statement was. */
function isExpression(node: Node): boolean {
  return /Expression$|^Identifier$|^Literal$|^TemplateLiteral$/.test(node.type);
}

/** Whether running the statement's own code, nested blocks and functions aside, can call anything. */
function mayCall(node: Node): boolean {
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
