// The edits that make a module's code a notebook cell (see transform.ts for which and why). Works on the
// JavaScript that oxc printed, where every statement ends with a semicolon.
import type MagicString from "magic-string";
import { mayCall } from "./calls.ts";
import { CellImports } from "./cell-imports.ts";
import type { LineTable } from "./cell-map.ts";
import { CellNames } from "./cell-names.ts";
import { guardConstants } from "./constants.ts";
import { LoopLocals } from "./loop-locals.ts";
import { editExport, isExpression, isImport, isMarker } from "./module-syntax.ts";
import type { DeclaredName, KnownNames } from "./notebook-names.ts";
import { LINE_WORD, RUNTIME } from "./runtime-names.ts";
import { ANY_NAME, assignedBy, NO_SCOPE, writtenByFunctions } from "./scopes.ts";
import { renameIn, standIn } from "./stand-ins.ts";
import { boundNames, forEachChild, isFunctionScope, type Node } from "./syntax-tree.ts";
import type { JavaScript } from "./to-javascript.ts";

export interface EditorOptions {
  /** What the program was printed from. */
  javaScript: JavaScript;
  known: KnownNames;
  /** Whether the last expression is the cell's result. */
  showResult: boolean;
  /** Whether its magics must be waited for, what they put around it, and the line that one times. */
  awaits: boolean;
  around: { before: string; after: string };
  timedLine: number | undefined;
}

export class CellEditor {
  readonly script: MagicString;
  readonly id: number;
  /** True when the cell itself awaits: it runs as the body of an async function. */
  isAsync: boolean;
  hasResult = false;
  readonly #names: CellNames;
  /** Names that functions of the cell assign to, or ANY_NAME. */
  written: ReadonlySet<string> = NO_SCOPE;
  readonly #lines: LineTable;
  readonly #options: EditorOptions;
  readonly #standIns: ReadonlySet<string>;
  /** What the cell assigns to. */
  readonly #assigned = new Set<string>();
  /** Names of the compiler's own are declared, which the notebook needn't see. */
  #hasHelpers = false;
  readonly #imports: CellImports;
  /** Functions, which belong at the start. */
  readonly #functions: Node[] = [];

  constructor(script: MagicString, id: number, lines: LineTable, options: EditorOptions) {
    this.script = script;
    this.id = id;
    this.#lines = lines;
    this.#options = options;
    this.#names = new CellNames(options.javaScript, options.known);
    const { code } = options.javaScript;
    this.#standIns = new Set(options.known.standIns.filter((name) => code.includes(name)));
    this.#imports = new CellImports(script, this.#variable);
    this.isAsync = options.awaits;
  }

  /** True when the cell loads modules: it declares its names once it has them. */
  get hasImports(): boolean {
    return this.#imports.statements.length > 0;
  }

  /** What the cell declares. */
  get names(): ReadonlyMap<string, DeclaredName> {
    return this.#names.declared;
  }

  edit(program: Node): void {
    const body = program["body"] as Node[];
    if (this.#standIns.size > 0) {
      for (const statement of body) renameIn(this.script, statement, this.#standIns);
    }
    this.#timeStatement(body);
    for (const statement of body) {
      this.#storeLine(statement);
      this.#walk(statement, 0);
    }
    const last = body.findLast((statement) => !isMarker(statement));
    for (const statement of body) this.#topLevel(statement, statement === last);
    const parts = this.#names.mergeParts().map((name) => `${this.#variable(name)} = undefined; `);
    const fresh = parts.join("");
    const constants = [...this.#assigned].filter((name) => this.#names.isConstant(name));
    guardConstants(this.script, body, constants, this.#variable);
    this.#copyInLoops(body);
    this.#imports.moveToStart(body, this.#functions);
    const { before, after } = this.#options.around;
    const [begin, end] = this.#frame();
    if (this.hasImports) this.#imports.begin(this.id, fresh);
    this.script.prepend(`"use strict"; ${begin}${before}${this.hasImports ? "" : fresh}`);
    this.script.append(`${after}${end}`);
  }

  #frame(): [string, string] {
    if (this.isAsync) return [`${RUNTIME}.run(async () => { `, "\n});"];
    return this.#hasHelpers ? ["{ ", "\n}"] : ["", ""];
  }

  /** The variable that holds what the cell calls by this name. */
  readonly #variable = (name: string): string => (this.#standIns.has(name) ? standIn(name) : name);

  #timeStatement(body: readonly Node[]): void {
    const line = this.#options.timedLine;
    if (line === undefined) return;
    const statement = body.find(({ start }) => this.#lines.lineOf(start) === line);
    if (!statement) return;
    const { id } = this;
    this.#wrap(statement, `${RUNTIME}.time(${id}); `, ` ${RUNTIME}.timed(${id});`);
  }

  // ---- the cell's own statements ----

  #topLevel(statement: Node, last: boolean): void {
    if (isImport(statement)) {
      this.isAsync = true;
      for (const name of this.#imports.add(statement)) {
        this.#names.declared.set(name, { kind: "import" });
      }
      return;
    }
    switch (statement.type) {
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration": {
        const declaration = editExport(this.script, statement, this.#variable);
        if (declaration) this.#topLevel(declaration, last);
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
        if (last && this.#options.showResult) this.#result(statement["expression"] as Node);
        break;
      default:
        if (last && this.#options.showResult && isExpression(statement)) this.#result(statement);
    }
  }

  #variables(statement: Node): void {
    const kind = statement["kind"] as string;
    if (kind === "var") return; // already done by the walk, as for nested ones
    for (const declarator of statement["declarations"] as Node[]) {
      const [name] = boundNames(declarator["id"] as Node);
      const { facts, merges } = this.#options.javaScript;
      if (!declarator["init"] && !merges.has(name!)) {
        this.script.appendLeft(declarator.end, " = undefined");
      }
      const lowered = facts?.usings.some(({ names }) => names.includes(name!));
      if (kind.endsWith("using") || lowered) this.#using(declarator["init"] as Node);
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
      this.#names.declared.set(name, { kind: "function" });
      this.script.appendRight(statement.start, `${this.#variable(name)} = `);
      if (!this.#standIns.has(name)) this.script.remove(id.start, id.end);
    } else {
      this.#wrap(statement, "(", ")");
    }
    this.script.appendLeft(statement.end, ";");
    this.#functions.push(statement);
  }

  #class(statement: Node): void {
    const id = statement["id"] as Node | null;
    if (!id) {
      this.script.appendRight(statement.start, "void ");
      return;
    }
    const name = id["name"] as string;
    this.#names.declared.set(name, { kind: "class" });
    this.#wrap(statement, `${this.#variable(name)} = `, ";");
  }

  #result(expression: Node): void {
    this.hasResult = true;
    this.#wrap(expression, `${RUNTIME}.result(${this.id}, (`, "))");
  }

  #wrap({ start, end }: Node, before: string, after: string): void {
    this.script.appendRight(start, before);
    this.script.appendLeft(end, after);
  }

  // ---- everything, however deep ----

  /** `depth` counts the functions around the node: 0 is the cell itself. */
  #walk(node: Node, depth: number): void {
    for (const { name } of assignedBy(node)) this.#assigned.add(name);
    switch (node.type) {
      case "ImportExpression":
        this.script.update(node.start, node.start + "import".length, `${RUNTIME}.dynamicImport`);
        break;
      case "MetaProperty":
        if ((node["meta"] as Node)["name"] === "import") {
          this.script.update(node.start, node.end, `${RUNTIME}.meta`);
        }
        break;
      case "ThrowStatement":
        this.#tellThrown(node["argument"] as Node);
        break;
      case "AwaitExpression":
        if (depth === 0) this.#guard(node["argument"] as Node, "wait");
        break;
      case "ForOfStatement":
        if (depth === 0 && node["await"]) this.#guard(node["right"] as Node, "each");
        break;
      case "VariableDeclaration":
        if (depth === 0 && node["kind"] === "var") this.#var(node);
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
    this.#wrap(argument, `${RUNTIME}.${call}(${this.id}, `, ")");
  }

  /** What may be no error has no stack: its place is noted. */
  #tellThrown(argument: Node): void {
    // In parentheses of its own: `throw a, b` throws b.
    this.#wrap(argument, `${RUNTIME}.thrown((`, "))");
  }

  /** What the compiler declares for itself stays in the cell. */
  #var(declaration: Node): void {
    const names = (declaration["declarations"] as Node[]).flatMap(({ id }) =>
      boundNames(id as Node),
    );
    const { isLowered, source } = this.#options.javaScript;
    if (isLowered && names.every((name) => !source.includes(name))) {
      this.#hasHelpers = true;
      this.script.update(declaration.start, declaration.start + "var".length, "let");
    } else this.#toAssignments(declaration);
  }

  /** Takes the keyword away and leaves assignments; the names are declared before the cell runs. */
  #toAssignments(declaration: Node): void {
    const declarators = declaration["declarations"] as Node[];
    const kind = /const|using/.test(declaration["kind"] as string) ? "constant" : "variable";
    for (const declarator of declarators) {
      for (const name of boundNames(declarator["id"] as Node))
        this.#names.declared.set(name, { kind });
      if ((declarator["id"] as Node).type === "ObjectPattern" && declarator["init"]) {
        this.#wrap(declarator, "(", ")");
      }
    }
    this.script.remove(declaration.start, declarators[0]!.start);
  }

  // ---- names ----

  #copyInLoops(body: readonly Node[]): void {
    this.written = writtenByFunctions(body);
    if (this.written.has(ANY_NAME)) return;
    const loops = new LoopLocals(this.script, (name, isAssigned) => {
      if (this.#standIns.has(name) || this.written.has(name)) return false;
      if (!this.#names.declared.has(name) && !this.#options.known.get(name)) return false;
      return !this.#options.known.isWritten(name) && !(isAssigned && this.#names.isConstant(name));
    });
    for (const statement of body) loops.edit(statement);
  }

  #storeLine(statement: Node): void {
    if (statement.type === "FunctionDeclaration" || !mayCall(statement)) return;
    const line = this.#lines.lineOf(statement.start);
    if (line !== undefined) this.script.appendRight(statement.start, `${LINE_WORD}[0]=${line};`);
  }
}
