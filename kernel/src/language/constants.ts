// Assignments to constants of the notebook. Cells keep what they declare in variables that can be declared
// anew, so V8 doesn't know them for constant; assignments that must fail are found here, by their scopes,
// when the cell is compiled.
import type MagicString from "magic-string";
import { RUNTIME } from "./runtime-names.ts";
import { assignedBy, declaredBy } from "./scopes.ts";
import { forEachChild, type Node, type Target } from "./syntax-tree.ts";

/**
 * Makes the assignments of a cell to these names throw, inner variables of their names aside; `variable` gives
 * the variable that holds a name.
 */
export function guardConstants(
  script: MagicString,
  body: readonly Node[],
  names: readonly string[],
  variable: (name: string) => string,
): void {
  if (names.length === 0) return;
  const constants = new Set(names);
  const guard = new ConstantGuard(script, variable);
  for (const statement of body) guard.guard(statement, constants);
}

class ConstantGuard {
  readonly #script: MagicString;
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
