// What is known of the names that cells have declared, as far as it changes how later cells compile:
// constants, imports, and namespaces that a later cell may add to.
import { ANY_NAME } from "./scopes.ts";
import { COMMONJS_NAMES } from "./stand-ins.ts";

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
  /** Whether a function of some cell assigns to it. */
  isWritten(name: string): boolean;
}

export const NO_NAMES: KnownNames = {
  standIns: [],
  get: () => undefined,
  isWritten: () => false,
};

/** What a cell adds. */
export interface NewNames {
  /** What later cells must know of the names that it declares. */
  names: ReadonlyMap<string, DeclaredName>;
  /** Names that its functions assign to, or ANY_NAME. */
  written: ReadonlySet<string>;
  /** Globals' names that have a stand-in from now on. */
  standIns: readonly string[];
}

/** The names of a notebook, cell by cell. */
export class NotebookNames implements KnownNames {
  standIns: readonly string[] = COMMONJS_NAMES;
  readonly #names = new Map<string, DeclaredName>();
  readonly #written = new Set<string>();

  get(name: string): DeclaredName | undefined {
    return this.#names.get(name);
  }

  isWritten(name: string): boolean {
    return this.#written.has(name) || this.#written.has(ANY_NAME);
  }

  /** Takes in what a cell declared. */
  add({ names, written, standIns }: NewNames): void {
    for (const [name, how] of names) this.#names.set(name, how);
    for (const name of written) this.#written.add(name);
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
  #written: Set<string> | undefined;

  constructor(from: KnownNames, standIns: readonly string[]) {
    this.#from = from;
    this.standIns = standIns;
  }

  get(name: string): DeclaredName | undefined {
    const answer = this.#from.get(name);
    if (answer) (this.#answers ??= new Map()).set(name, answer);
    return answer;
  }

  isWritten(name: string): boolean {
    const answer = this.#from.isWritten(name);
    if (answer) (this.#written ??= new Set()).add(name);
    return answer;
  }

  /** What was asked, without the notebook. */
  get asked(): KnownNames {
    const { standIns } = this;
    const answers = this.#answers;
    const written = this.#written;
    return {
      standIns,
      get: (name) => answers?.get(name),
      isWritten: (name) => written?.has(name) === true,
    };
  }
}
