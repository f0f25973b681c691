// What is known of the names that cells have declared, as far as it changes how later cells compile:
// constants, imports, and namespaces that a later cell may add to.

export type NameKind =
  | "variable"
  | "constant"
  | "import"
  | "function"
  | "class"
  | "enum"
  | "namespace";

export interface DeclaredName {
  kind: NameKind;
  /** Of a namespace: the values that it exports. */
  exports?: readonly string[];
}

/** The names of earlier cells, as the compilation of a cell sees them. */
export interface KnownNames {
  /** Globals' names that have a stand-in (stand-ins.ts). */
  readonly standIns: readonly string[];
  get(name: string): DeclaredName | undefined;
}

export const NO_NAMES: KnownNames = { standIns: [], get: () => undefined };

/** The names of a notebook, cell by cell. */
export class NotebookNames implements KnownNames {
  standIns: readonly string[] = [];
  readonly #names = new Map<string, DeclaredName>();

  get(name: string): DeclaredName | undefined {
    return this.#names.get(name);
  }

  /** Takes in what a cell declared. */
  add(declared: ReadonlyMap<string, DeclaredName>, standIns: readonly string[]): void {
    for (const [name, how] of declared) this.#names.set(name, how);
    this.standIns = standIns;
  }
}

/**
 * Passes questions on and keeps those that had an answer, so that a cell can be compiled again, alike,
 * when the notebook's names have changed.
 */
export class AskedNames implements KnownNames {
  readonly standIns: readonly string[];
  readonly #from: KnownNames;
  #answers: Map<string, DeclaredName> | undefined;

  constructor(from: KnownNames, standIns: readonly string[]) {
    this.#from = from;
    this.standIns = standIns;
  }

  get(name: string): DeclaredName | undefined {
    const answer = this.#from.get(name);
    if (answer) (this.#answers ??= new Map()).set(name, answer);
    return answer;
  }

  /** What was asked, without the notebook. */
  get asked(): KnownNames {
    const { standIns } = this;
    const answers = this.#answers;
    return { standIns, get: (name) => answers?.get(name) };
  }
}
