// The text of one kernel: its bindings, the helpers it calls, and the functions that make up its body.
// Each column has one binding (`c0`, `c1` …: values, validity and text in one block, see
// columns/layout.ts). Parameters are `p[0]` (four words of the kernel's own); for column i,
// `p[i + 1]`: the words where its validity and its text begin; and from `p[LITERALS]` on the constants of
// the query, so that a query with another constant is the same kernel and needs no compiling.

import { CenoteError } from "../../base/index.ts";
import type { Column, ColumnChunk, ColumnStore } from "../../columns/index.ts";
import { helperCode } from "./helpers.ts";

/** Name and WGSL type of a binding that is not a column. */
export interface Extra {
  readonly name: string;
  readonly type: "array<u32>" | "array<atomic<u32>>";
}

export interface KernelText {
  readonly label: string;
  readonly code: string;
  readonly bindings: number;
  /** Columns in the order of their bindings; the extras follow them. */
  readonly columns: readonly string[];
  /** Words of the query's constants. */
  readonly literals?: readonly number[];
  /** Lists and texts of the query, in a block of their own that is bound after the columns. */
  readonly table?: Uint32Array<ArrayBuffer>;
}

/** Uniform parameters hold at most 64 vec4u (1 KiB): one of the kernel's own, these, and the constants. */
export const MAX_COLUMNS = 31;
const MAX_LITERALS = 128;

export class Program {
  readonly store: ColumnStore;
  readonly #columns: string[] = [];
  readonly #helpers = new Set<string>();
  readonly #functions: string[] = [];
  readonly #named = new Set<string>();
  readonly #literals: number[] = [];
  readonly #tables: Uint32Array[] = [];
  #tableWords = 0;

  constructor(store: ColumnStore) {
    this.store = store;
  }

  column(name: string): Column {
    return this.store.column(name);
  }

  /** Index of the column's binding; it is bound from now on. */
  bind(name: string): number {
    const at = this.#columns.indexOf(name);
    if (at >= 0) return at;
    return this.#columns.push(name) - 1;
  }

  /** Notes that the kernel calls this helper, and gives its name back. */
  use(helper: string): string {
    this.#helpers.add(helper);
    return helper;
  }

  /** Where the kernel finds these constant words; undefined when there is no more room for constants. */
  literal(words: readonly number[]): string[] | undefined {
    if (this.#literals.length + words.length > MAX_LITERALS) return undefined;
    return words.map((word) => {
      const at = this.#literals.push(word) - 1;
      return `p[LITERALS + ${at >> 2}u].${"xyzw"[at & 3]}`;
    });
  }

  /** Puts words into the kernel's table; gives the word where they begin, as a constant. */
  table(words: Uint32Array): string {
    const at = this.#tableWords;
    this.#tables.push(words);
    this.#tableWords += words.length;
    return this.literal([at])?.[0] ?? `${at}u`;
  }

  /** Adds a function. */
  add(code: string): void {
    this.#functions.push(code);
  }

  /** Adds a function unless one of this name was added so. */
  addOnce(name: string, code: string): void {
    if (this.#named.has(name)) return;
    this.#named.add(name);
    this.add(code);
  }

  /** Name of a function that gives four bytes of a column's text from any byte on. */
  textWord(name: string): string {
    const i = this.bind(name);
    const word = `c${i}_word`;
    this.addOnce(
      word,
      `fn ${word}(byte: u32) -> u32 {
  let at = p[${i + 1}].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c${i}[at] >> shift) | ((c${i}[at + 1u] << 1u) << (31u - shift));
}`,
    );
    return word;
  }

  /** The whole kernel. Throws TOO_MANY_COLUMNS when its bindings are more than the adapter has. */
  build(label: string, extras: readonly Extra[], main: string): KernelText {
    const columns = [...this.#columns];
    const literals = [...this.#literals];
    const table = this.#table();
    const first = columns.length + (table ? 1 : 0);
    const bindings = first + extras.length;
    const { limits } = this.store.gpu.adapter;
    const most = Math.min(limits["maxStorageBuffersPerShaderStage"] ?? 8, MAX_COLUMNS);
    if (bindings > most) {
      throw new CenoteError(
        "TOO_MANY_COLUMNS",
        `${label}: one kernel would read ${columns.length} columns and bind ${bindings - columns.length} blocks more; this adapter binds ${most} in all`,
        {
          mend: "Compute in steps: collect() a withColumns(…) of some of them, then use its columns.",
        },
      );
    }
    const declare = (name: string, type: string, i: number) =>
      `@group(0) @binding(${i}) var<storage, read_write> ${name}: ${type};`;
    const code = [
      ...columns.map((_, i) => declare(`c${i}`, "array<u32>", i)),
      ...(table ? [declare("k", "array<u32>", columns.length)] : []),
      ...extras.map(({ name, type }, i) => declare(name, type, first + i)),
      `const LITERALS = ${columns.length + 1}u;`,
      `@group(1) @binding(0) var<uniform> p: array<vec4u, ${columns.length + 1 + Math.ceil(literals.length / 4)}>;`,
      ...helperCode(this.#helpers),
      ...this.#functions,
      main,
    ];
    return {
      label,
      code: `${code.join("\n")}\n`,
      bindings,
      columns,
      literals,
      ...(table ? { table } : {}),
    };
  }

  // One word more than the tables, so that a word may be read at any byte of them.
  #table(): Uint32Array<ArrayBuffer> | undefined {
    if (this.#tables.length === 0) return undefined;
    const all = new Uint32Array(this.#tableWords + 1);
    let at = 0;
    for (const words of this.#tables) {
      all.set(words, at);
      at += words.length;
    }
    return all;
  }
}

/** Parameters for one chunk: four words of the kernel's own, the columns' sections, the constants. */
export function parameters(
  text: KernelText,
  own: readonly number[],
  chunkOf: (name: string) => ColumnChunk,
): Uint32Array {
  const { columns, literals = [] } = text;
  const words = new Uint32Array((columns.length + 1 + Math.ceil(literals.length / 4)) * 4);
  words.set(own);
  words.set(literals, (columns.length + 1) * 4);
  columns.forEach((name, i) => {
    const { layout } = chunkOf(name);
    words[(i + 1) * 4] = Math.max(layout.validity, 0) / 4;
    words[(i + 1) * 4 + 1] = Math.max(layout.bytes, 0) / 4;
  });
  return words;
}
