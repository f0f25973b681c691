// What the compiler asks of the world: the cells as virtual files beside the notebook, everything else
// from disk. Files are read again when their time has changed.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import ts from "typescript";
import { plainSpecifier } from "../package-names.ts";
import { decoratorSettings } from "../project-settings.ts";
import { LIBRARY, Libraries } from "./libraries.ts";
import { type CellModule, Notebook } from "./notebook.ts";

/** The language as Node 24 runs it. */
const LIBRARIES = [
  "es2025",
  ...[
    "esnext.disposable",
    "esnext.decorators",
    "esnext.array",
    "esnext.error",
    "esnext.sharedmemory",
  ],
];

/** What the kernel adds to the global scope. */
const globals = (shared: readonly string[]) => `
/** What is shared now. */
interface CenoteSharedNames { ${shared.map((name) => `${JSON.stringify(name)}: true`).join("; ")} }
/** Asks the user for a line of text and waits for it. */
declare function input(prompt?: string, options?: { password?: boolean }): Promise<string>;
/** Asks the user for a line of text; nothing else runs meanwhile. */
declare function prompt(prompt?: string, preset?: string | null): string | null;
/** Alone in a cell: leaves the console. */
declare const exit: unknown, quit: unknown;
/** JSX makes HTML, whatever its elements and attributes are called. */
declare namespace JSX {
  type ElementType = any;
  interface Element { readonly html: string; toString(): string }
  interface ElementChildrenAttribute { children: {} }
  interface IntrinsicAttributes { key?: unknown }
  interface IntrinsicElements { [name: string]: any }
}
`;

export interface HostOptions {
  /** The notebook's folder. */
  folder: string;
  /** What "cenote" is: a file of declarations or the source. */
  api: string;
}

export class NotebookHost implements ts.LanguageServiceHost {
  readonly notebook: Notebook;
  readonly #options: HostOptions;
  readonly #folder: string;
  #settings: ts.CompilerOptions;
  readonly #globals: string;
  /**
   * A file that imports every package that cells have imported, so that the compiler keeps them while it
   * looks at cells that don't.
   */
  readonly #imports: string;
  /** Whose packages serve where the notebook has none. */
  readonly #kernelFile: string;
  #resolutions: ts.ModuleResolutionCache;
  /** Versions of files in packages, which are looked at again after each cell. */
  readonly #packageFiles = new Map<string, string>();
  /** The compiler asks for every file each time that the set of files changes. */
  readonly #snapshots = new Map<
    string,
    { version: string; snapshot: ts.IScriptSnapshot | undefined }
  >();
  readonly #libraries: Libraries;
  readonly #compiler: string;
  #draft: CellModule;
  #draftVersion = 0;
  /** The world is looked at once for each question, of which the compiler makes several. */
  #question = 0;
  #checked: readonly string[] = [];
  #shared: readonly string[] = [];
  #sharedVersion = 1;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#folder = options.folder.replaceAll("\\", "/");
    this.notebook = new Notebook(this.#folder);
    this.#globals = `${this.#folder}/cenote-globals.d.ts`;
    this.#imports = `${this.#folder}/cenote-imports.ts`;
    this.#kernelFile = options.api;
    this.#compiler = dirname(createRequire(import.meta.url).resolve("typescript"));
    this.#libraries = new Libraries(this.#compiler, LIBRARIES);
    this.#settings = {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      moduleDetection: ts.ModuleDetectionKind.Force,
      customConditions: ["node"],
      lib: [LIBRARY],
      types: ["node"],
      strict: true,
      noEmit: true,
      allowJs: true,
      jsx: ts.JsxEmit.Preserve,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      skipLibCheck: true,
      ...decoratorSettings(ts, this.#folder),
    };
    this.#resolutions = this.#newResolutions();
    this.#draft = this.notebook.draft("");
  }

  /** Shows the compiler a cell that is being written; its path is the answer's. */
  draft(source: string, label?: string): CellModule {
    const next = this.notebook.draft(source, label);
    if (next.text !== this.#draft.text) this.#draftVersion++;
    this.#draft = next;
    this.#question++;
    return next;
  }

  /** The cells that are looked at for themselves. */
  check(paths: readonly string[]): void {
    this.#checked = paths;
    this.#question++;
  }

  /** The names that are shared; false when they are what they were. */
  share(names: readonly string[]): boolean {
    if (JSON.stringify(names) === JSON.stringify(this.#shared)) return false;
    this.#shared = names;
    this.#sharedVersion++;
    this.#question++;
    return true;
  }

  /** A cell has run: packages may have been installed, files written. */
  changed(): void {
    this.#packageFiles.clear();
    this.#question++;
    const decorators = decoratorSettings(ts, this.#folder);
    if (decorators.experimentalDecorators !== this.#settings.experimentalDecorators) {
      this.#settings = { ...this.#settings, ...decorators };
    }
    this.#resolutions = this.#newResolutions();
  }

  #newResolutions(): ts.ModuleResolutionCache {
    return ts.createModuleResolutionCache(this.#folder, (name) => name, this.#settings);
  }

  // ---- ts.LanguageServiceHost ----

  getProjectVersion = () => String(this.#question);
  getCompilationSettings = () => this.#settings;
  getScriptFileNames = () => [this.#globals, this.#imports, this.#draft.path, ...this.#checked];
  /** Not of the public interface, but asked for: without it each program reads every package.json again. */
  getModuleResolutionCache = () => this.#resolutions;
  useCaseSensitiveFileNames = () => ts.sys.useCaseSensitiveFileNames;
  getCurrentDirectory = () => this.#folder;
  getDefaultLibFileName = () => `${this.#compiler}/lib.d.ts`;
  directoryExists = (path: string) => ts.sys.directoryExists(path);
  getDirectories = (path: string) => ts.sys.getDirectories(path);
  readDirectory: NonNullable<ts.LanguageServiceHost["readDirectory"]> = (...args) =>
    ts.sys.readDirectory(...args);
  fileExists = (path: string) => this.#virtual(path) !== undefined || ts.sys.fileExists(path);
  readFile = (path: string) => this.#virtual(path) ?? ts.sys.readFile(path);
  realpath = (path: string) => (this.#virtual(path) === undefined ? ts.sys.realpath!(path) : path);

  getScriptVersion = (path: string): string => {
    const known = this.#packageFiles.get(path);
    if (known !== undefined) return known;
    if (path === this.#draft.path) return `draft ${this.#draftVersion}`;
    if (path === this.#globals) return String(this.#sharedVersion);
    if (path === this.#imports) return String(this.notebook.packages.size);
    if (this.#virtual(path) !== undefined || this.#libraries.has(path)) return "1";
    if (!path.includes("/node_modules/")) return timeOf(path);
    const version = timeOf(path);
    this.#packageFiles.set(path, version);
    return version;
  };

  getScriptSnapshot = (path: string): ts.IScriptSnapshot | undefined => {
    const virtual = this.#virtual(path);
    if (virtual !== undefined) return ts.ScriptSnapshot.fromString(virtual);
    const version = this.getScriptVersion(path);
    const known = this.#snapshots.get(path);
    if (known?.version === version) return known.snapshot;
    const text = readIfThere(path);
    const snapshot = text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    this.#snapshots.set(path, { version, snapshot });
    return snapshot;
  };

  resolveModuleNameLiterals: NonNullable<ts.LanguageServiceHost["resolveModuleNameLiterals"]> = (
    literals,
    containing,
  ) => literals.map(({ text }) => this.#resolve(text, containing));

  resolveTypeReferenceDirectiveReferences: NonNullable<
    ts.LanguageServiceHost["resolveTypeReferenceDirectiveReferences"]
  > = (references, containing) =>
    references.map((reference) => {
      const name = typeof reference === "string" ? reference : reference.fileName;
      const from = (file: string) =>
        ts.resolveTypeReferenceDirective(name, file, this.#settings, this);
      const found = from(containing);
      return found.resolvedTypeReferenceDirective ? found : from(this.#kernelFile);
    });

  #resolve(written: string, containing: string): ts.ResolvedModuleWithFailedLookupLocations {
    const name = plainSpecifier(written);
    if (name === "cenote") {
      const extension = this.#options.api.endsWith(".d.ts") ? ts.Extension.Dts : ts.Extension.Ts;
      return { resolvedModule: { resolvedFileName: this.#options.api, extension } };
    }
    const found = ts.resolveModuleName(name, containing, this.#settings, this, this.#resolutions);
    const bare = !/^[./]|^[a-z]+:/i.test(name);
    if (found.resolvedModule || !bare || containing.includes("/node_modules/")) return found;
    return ts.resolveModuleName(name, this.#kernelFile, this.#settings, this, this.#resolutions);
  }

  #virtual(path: string): string | undefined {
    if (path === this.#draft.path) return this.#draft.text;
    if (path === this.#globals) return globals(this.#shared);
    if (path === this.#imports) {
      return [...this.notebook.packages]
        .map((name) => `import ${JSON.stringify(name)};\n`)
        .join("");
    }
    if (this.#libraries.has(path)) return this.#libraries.read(path);
    return this.notebook.module(path)?.text;
  }
}

function timeOf(path: string): string {
  return String(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? "missing");
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
