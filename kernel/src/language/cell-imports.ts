// The imports of a cell. All its modules are loaded before anything else of the cell happens: one that fails
// leaves the notebook's names as they were, and declares none.
import type MagicString from "magic-string";
import { importedNames, moveToStart, replaceByLoad } from "./module-syntax.ts";
import { RUNTIME } from "./runtime-names.ts";
import { standIn } from "./stand-ins.ts";
import type { Node } from "./syntax-tree.ts";

export class CellImports {
  readonly #script: MagicString;
  /** The variable that holds what the cell calls by a name. */
  readonly #variable: (name: string) => string;
  readonly #statements: Node[] = [];
  readonly #assignments: string[] = [];

  constructor(script: MagicString, variable: (name: string) => string) {
    this.#script = script;
    this.#variable = variable;
  }

  /** Statements that load a module. */
  get statements(): readonly Node[] {
    return this.#statements;
  }

  /** Makes the statement load its module; returns the names that it declares. */
  add(statement: Node): string[] {
    const names = importedNames(statement);
    const imported = names.map(([name]) => name);
    const locals = names.flatMap(([, local]) => local ?? []);
    const loaded = `${standIn("import")}${this.#statements.length}`;
    const target = locals.length > 0 ? `const ${loaded} = ` : "";
    replaceByLoad(this.#script, statement, target, imported);
    if (target) {
      const pairs = names.map(
        ([name, local]) => `${JSON.stringify(name)}: ${this.#variable(local!)}`,
      );
      this.#assignments.push(`({${pairs.join(", ")}} = ${loaded});`);
    }
    this.#statements.push(statement);
    return locals;
  }

  /** Moves the imports to the cell's start, and its functions after them. */
  moveToStart(body: readonly Node[], functions: readonly Node[]): void {
    moveToStart(this.#script, body, this.#statements);
    moveToStart(this.#script, body, functions, this.#statements);
  }

  /** After the last one: the names of the cell with this id are declared, and those of the imports assigned. */
  begin(id: number, more: string): void {
    const { end } = this.#statements.at(-1)!;
    const assignments = this.#assignments.join(" ");
    this.#script.appendLeft(end, ` ${RUNTIME}.begin(${id}); ${assignments} ${more}`);
  }
}
