// The names that a cell declares, as the cell's editor finds them, and what they mean together with those
// of earlier cells.
import type { DeclaredName, KnownNames } from "./notebook-names.ts";
import type { JavaScript } from "./to-javascript.ts";

export class CellNames {
  readonly declared = new Map<string, DeclaredName>();
  readonly #javaScript: JavaScript;
  readonly #known: KnownNames;

  constructor(javaScript: JavaScript, known: KnownNames) {
    this.#javaScript = javaScript;
    this.#known = known;
  }

  /**
   * Enums and namespaces add to what their name holds. Notes them, and gives the names of those that begin
   * here, which must hold nothing at first, whatever an earlier cell called so.
   */
  mergeParts(): string[] {
    const { facts, merges } = this.#javaScript;
    if (!facts) return [];
    for (const name of facts.enums) this.declared.set(name, { kind: "enum" });
    for (const [name, exported] of facts.namespaces) {
      const exports = [...new Set([...(merges.get(name) ?? []), ...exported])];
      if (this.declared.has(name)) this.declared.set(name, { kind: "namespace", exports });
    }
    return [...facts.enums, ...facts.namespaces.keys()].filter(
      (name) => this.declared.has(name) && !merges.has(name),
    );
  }

  isConstant(name: string): boolean {
    const { kind } = this.declared.get(name) ?? this.#known.get(name) ?? {};
    return kind === "constant" || kind === "import";
  }
}
