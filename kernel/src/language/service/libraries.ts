// The libraries of the language as one file. The compiler merges the declarations of many files anew for
// each change of a cell, those within one file only once, when it is read; and it looks at each file.
import { readFileSync } from "node:fs";

const REFERENCE = /^\/\/\/\s*<reference\s+lib="([^"]+)"\s*\/>.*$/gm;
/** As the compiler's own are called. */
export const LIBRARY = "lib.cenote.d.ts";

export class Libraries {
  readonly #start: string;
  readonly #names: readonly string[];
  readonly #parts = new Set<string>();
  /** What is a module stays a file of its own. */
  readonly #modules = new Set<string>();
  #text: string | undefined;

  /** `names` as in the compiler's setting `lib`; `folder` holds their files. */
  constructor(folder: string, names: readonly string[]) {
    this.#start = `${folder}/lib.`;
    this.#names = names;
  }

  has(path: string): boolean {
    return path.startsWith(this.#start);
  }

  /** The one file holds what its parts hold, which are empty then: packages may refer to them. */
  read(path: string): string | undefined {
    this.#text ??= this.#join();
    if (path.endsWith(`/${LIBRARY}`)) return this.#text;
    return this.#parts.has(path) ? "" : undefined;
  }

  #join(): string {
    const text = this.#names.map((name) => this.#part(name)).join("\n");
    const modules = [...this.#modules].map((name) => `/// <reference lib="${name}" />\n`);
    return modules.join("") + text;
  }

  #part(name: string): string {
    const path = `${this.#start}${name}.d.ts`;
    if (this.#parts.has(path) || this.#modules.has(name)) return "";
    const text = readFileSync(path, "utf8");
    if (/^export\b/m.test(text)) {
      this.#modules.add(name);
      return "";
    }
    this.#parts.add(path);
    return text.replace(REFERENCE, (_, inner: string) => this.#part(inner));
  }
}
