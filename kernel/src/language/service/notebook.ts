// The cells as one growing program. Each cell is a module of its own, beside the notebook: it imports the
// names that it mentions from the cells that declared them last, and exports its own. So a name can be
// declared anew at any time, and the compiler looks only at the cells that a question leads to.
import ts from "typescript";
import { splitMagics, type TypedCell } from "../../base/index.ts";
import { type CellNames, type Declared, namesOf } from "./names.ts";

/**
 * Cells that build on each other deeper than this lose their types: the compiler goes along such a chain
 * by recursion.
 */
export const MAX_DEPTH = 400;

/** A cell as the compiler sees it. */
export interface CellModule {
  readonly id: number;
  /** As people call it: "Cell [3]". */
  readonly label: string;
  /** The user's source. */
  readonly source: string;
  readonly path: string;
  /** What the compiler reads: imports, the source, exports. */
  readonly text: string;
  /** Where the source begins in `text`. */
  readonly shift: number;
  /** Names of earlier cells that may be used here, and whether they may be assigned to. */
  readonly earlier: ReadonlyMap<string, Declared>;
  /** Names that earlier cells declare and this one declares again. */
  readonly again: ReadonlySet<string>;
  /** Namespaces with parts in several cells. */
  readonly merged: ReadonlySet<string>;
  /** The modules that it imports names from. */
  readonly uses: ReadonlySet<CellModule>;
  /** How many cells build on each other up to this one. */
  readonly depth: number;
}

interface Owner {
  module: CellModule;
  declared: Declared;
}

/**
 * How many cells are added between two looks for those that nothing refers to any more. As many of the
 * latest are kept in any case, because they may yet be checked.
 */
const SWEEP_EVERY = 1024;

export class Notebook {
  readonly #folder: string;
  /** The cell that declared each name last. */
  readonly #owners = new Map<string, Owner>();
  readonly #modules = new Map<string, CellModule>();
  readonly #packages = new Set<string>();
  /** Namespaces that add to what an earlier cell declared; the types know the last part only. */
  readonly #merged = new Set<string>();
  /** Those added since the last sweep. */
  readonly #young = new Set<CellModule>();

  /** `folder`: the notebook's, with forward slashes. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Every name that cells have declared, with its kind. */
  *names(): Generator<Declared> {
    for (const { declared } of this.#owners.values()) yield declared;
  }

  /** What cells have imported. */
  get packages(): ReadonlySet<string> {
    return this.#packages;
  }

  get size(): number {
    return this.#modules.size;
  }

  #path(id: number | "next"): string {
    return `${this.#folder}/cenote-cell-${id}.ts`;
  }

  /** The syntax tree of a cell that is being written. */
  parse(body: string): ts.SourceFile {
    return this.#file("next", body);
  }

  #file(id: number | "next", body: string): ts.SourceFile {
    const path = this.#path(id);
    const plain = ts.createSourceFile(path, body, ts.ScriptTarget.ESNext, true);
    const errors = parseErrors(plain).length;
    if (errors === 0 || !body.includes("<")) return plain;
    // What isn't TypeScript may be TypeScript with JSX, as in to-javascript.ts.
    const jsx = ts.createSourceFile(`${path}x`, body, ts.ScriptTarget.ESNext, true);
    return parseErrors(jsx).length < errors ? jsx : plain;
  }

  cell(id: number): CellModule | undefined {
    const path = this.#path(id);
    return this.#modules.get(path) ?? this.#modules.get(`${path}x`);
  }

  module(path: string): CellModule | undefined {
    return this.#modules.get(path);
  }

  add(cell: TypedCell): CellModule {
    const label = `Cell [${cell.executionCount}]`;
    const { module, names } = this.#make(cell.id, label, cell.code, true);
    this.#modules.set(module.path, module);
    for (const name of names.packages) this.#packages.add(name);
    for (const declared of names.declared) {
      const { name, kind } = declared;
      const earlier = this.#owners.get(name)?.declared.kind ?? "";
      if (kind === "module" && MERGED.has(earlier)) this.#merged.add(name);
      else this.#merged.delete(name);
      this.#owners.set(name, { module, declared });
    }
    this.#young.add(module);
    if (this.#young.size >= SWEEP_EVERY) this.#sweep();
    return module;
  }

  /** A cell that is being written, or that isn't to be added yet. It may be broken. */
  draft(source: string, label = "This cell"): CellModule {
    return this.#make("next", label, source, false).module;
  }

  #make(id: number | "next", label: string, source: string, exports: boolean) {
    const body = splitMagics(source).code;
    const asObject = isObject(body);
    const file = this.#file(id, body);
    const path = file.fileName;
    const names = namesOf(file);
    if (asObject) names.declared = [];
    const own = new Set(names.declared.map(({ name }) => name));
    const earlier = new Map<string, Declared>();
    const again = new Set([...own].filter((name) => this.#owners.has(name)));
    const from = new Map<CellModule, Declared[]>();
    for (const name of names.mentioned) {
      const owner = own.has(name) ? undefined : this.#owners.get(name);
      if (!owner) continue;
      earlier.set(name, owner.declared);
      from.set(owner.module, [...(from.get(owner.module) ?? []), owner.declared]);
    }
    const head = prefix(from) + (asObject ? "(" : "");
    const uses = [...from.keys()].filter((used) => !isDeep(used));
    const module: CellModule = {
      id: id === "next" ? -1 : id,
      label,
      source,
      path,
      text: `${head}${body}\n${asObject ? ")" : ""}${exports ? suffix(names) : ""}`,
      shift: head.length,
      earlier,
      again,
      merged: this.#merged,
      uses: new Set(uses),
      depth: Math.max(0, ...uses.map(({ depth }) => depth)) + 1,
    };
    return { module, names };
  }

  /** Forgets cells whose names are all declared anew and which no other cell builds on. */
  #sweep(): void {
    const reached = new Set<CellModule>();
    const waiting = [...this.#young, ...[...this.#owners.values()].map(({ module }) => module)];
    for (let module = waiting.pop(); module; module = waiting.pop()) {
      if (reached.has(module)) continue;
      reached.add(module);
      waiting.push(...module.uses);
    }
    this.#young.clear();
    for (const [path, module] of this.#modules) {
      if (!reached.has(module)) this.#modules.delete(path);
    }
  }
}

/** Kinds that a namespace of the same name adds to. */
const MERGED = new Set(["module", "class", "function", "enum"]);

const isDeep = (module: CellModule) => module.depth >= MAX_DEPTH;

/**
 * Variables that may be assigned to are declared again with their type, as an import would be constant;
 * everything else is imported.
 */
function prefix(from: ReadonlyMap<CellModule, Declared[]>): string {
  const parts: string[] = [];
  for (const [module, all] of from) {
    const specifier = `"./${module.path.slice(module.path.lastIndexOf("/") + 1)}"`;
    const deep = isDeep(module);
    const imported = deep ? [] : all.filter(({ mutable }) => !mutable);
    if (imported.length > 0) {
      parts.push(`import { ${imported.map(({ name }) => name).join(", ")} } from ${specifier};`);
    }
    for (const { name, mutable, doc } of all) {
      if (!deep && !mutable) continue;
      const type = deep ? "any" : `typeof import(${specifier}).${name}`;
      parts.push(`\n${doc} declare let ${name}: ${type};${deep ? ` type ${name} = any;` : ""}`);
    }
  }
  return `export {}; ${parts.join(" ")}\n`;
}

function suffix({ declared, exported }: CellNames): string {
  const names = declared.map(({ name }) => name).filter((name) => !exported.has(name));
  return names.length > 0 ? `;export { ${names.join(", ")} };` : "";
}

/** As in transform.ts: a cell that is nothing but {…} is an object where it can be one. */
function isObject(body: string): boolean {
  const trimmed = body.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return false;
  const file = ts.createSourceFile("object.ts", `(${body}\n)`, ts.ScriptTarget.ESNext);
  return parseErrors(file).length === 0;
}

/** The compiler keeps them in the file, though its declarations don't say so. */
export function parseErrors(file: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return (
    (file as { parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ?? []
  );
}
