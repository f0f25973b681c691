// Imports of cells. They are resolved from the notebook's folder, then from the kernel's own packages;
// "cenote" is the instance that the kernel runs; TypeScript files of the user are stripped of their types
// and evaluated anew once they, or what they import, have changed.
import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { guardedWhile } from "../base/index.ts";
import { asTypeScript, defineCommonJsNames, exported } from "./commonjs.ts";
import { withIntrinsics } from "./intrinsics.ts";
import { LocalFiles } from "./local-files.ts";
import type { LocalSources } from "./local-sources.ts";
import { missingInFile } from "./missing-exports.ts";
import type { CellOutput } from "./output.ts";
import { silenceOwnWarnings } from "./own-warnings.ts";
import { explainMissing, resolvable } from "./specifiers.ts";
import { connectTslab } from "./tslab.ts";

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>;
type ResolveContext = Parameters<Resolve>[1];
type NextResolve = Parameters<Resolve>[2];
type Resolution = ReturnType<NextResolve>;

/** The file, beside the notebook, that cells import as; there is none. */
export const IMPORTER = "cell.mjs";

/** Before a specifier that the kernel's own module asks for on behalf of a cell. */
const FROM_CELL = "cenote-cell:";

const isPackage = (specifier: string): boolean => !/^(?:[./]|file:|data:)/.test(specifier);

type Import = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;
interface ImportCallOptions {
  with?: Record<string, string>;
}

export interface LoaderOptions {
  /** The notebook's. */
  folder: string;
  /** URL of what "cenote" is. */
  apiUrl: string;
  /** URL of the folder of the kernel's own code. */
  ownFolder: string;
  output: CellOutput;
  /** Takes the sources of local modules. */
  sources: LocalSources;
}

export class ModuleLoader {
  readonly #output: CellOutput;
  readonly #import: Import;
  readonly #apiUrl: string;
  readonly #kernelPackages: string;
  readonly #local: LocalFiles;
  readonly #sources: LocalSources;
  readonly hooks;

  constructor({ folder, apiUrl, ownFolder, output, sources }: LoaderOptions) {
    this.#apiUrl = apiUrl;
    this.#output = output;
    // Any file of the kernel's package will do as the parent of a fallback resolution.
    this.#kernelPackages = apiUrl;
    this.#local = new LocalFiles(ownFolder, sources);
    this.#sources = sources;
    const cellFile = join(folder, IMPORTER);
    silenceOwnWarnings();
    this.#import = vm.runInThisContext("(specifier, options) => import(specifier, options)", {
      filename: cellFile,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as Import;
    this.#register();
    const cellUrl = pathToFileURL(cellFile).href;
    defineCommonJsNames(cellFile);
    this.hooks = {
      load: (specifier: string, names: string[], attributes: Record<string, string>) =>
        this.#load(specifier, names, attributes),
      dynamicImport: (specifier: unknown, options?: ImportCallOptions) =>
        this.#dynamicImport(specifier, options),
      meta: {
        url: cellUrl,
        dirname: folder,
        filename: cellFile,
        main: true, // as of the file that Node was started with
        resolve: (specifier: string) =>
          import.meta.resolve(`${FROM_CELL}${specifier}`).replace(/\?(?:changed|forgotten)=.*/, ""),
      },
    };
  }

  /** `%reload`: has local modules evaluated anew by the next import; returns the URLs of those it knew. */
  forget(specifiers: readonly string[]): string[] {
    const forgotten = this.#local.forget(specifiers, this.hooks.meta.url);
    const require = createRequire(this.hooks.meta.url);
    for (const url of forgotten) delete require.cache[fileURLToPath(url)];
    return forgotten;
  }

  /** The wanted exports of a module by name, "*" being the module itself. Throws SyntaxError for missing ones. */
  async #load(
    specifier: string,
    names: string[],
    attributes: Record<string, string>,
  ): Promise<Record<string, unknown>> {
    const here = new Error();
    try {
      const load = () => this.#import(specifier, { with: attributes });
      // A package that is cut short while it loads is broken for good; a local file may run for ever.
      const loaded = await (isPackage(specifier) ? guardedWhile(load) : load());
      return withIntrinsics(() => {
        const module = asTypeScript(loaded);
        return Object.fromEntries(names.map((name) => [name, exported(module, name, specifier)]));
      });
    } catch (error) {
      throw withIntrinsics(() => this.#explained(error, here));
    }
  }

  async #dynamicImport(specifier: unknown, options?: ImportCallOptions): Promise<object> {
    const here = new Error();
    try {
      const module = await this.#import(String(specifier), options);
      return withIntrinsics(() => asTypeScript(module));
    } catch (error) {
      throw withIntrinsics(() => this.#explained(error, here));
    }
  }

  /** A failed import says nothing of the cell, nor V8 of the place of a syntax error. */
  #explained(error: unknown, here: Error): unknown {
    const isPlain =
      error instanceof SyntaxError && error.stack?.includes("compileSourceTextModule");
    const placed = isPlain ? this.#local.syntaxError() : missingInFile(error, this.#sources);
    return withCaller(placed ?? error, here);
  }

  #register(): void {
    registerHooks({
      resolve: (specifier, context, next) =>
        withIntrinsics(() => this.#local.version(this.#resolved(specifier, context, next))),
      load: (url, context, next) =>
        withIntrinsics(() => this.#local.load(url)) ?? next(url, context),
    });
  }

  #resolved(specifier: string, context: ResolveContext, next: NextResolve): Resolution {
    if (specifier.startsWith(FROM_CELL)) {
      const parentURL = this.hooks.meta.url;
      return this.#ofUser(specifier.slice(FROM_CELL.length), { ...context, parentURL }, next);
    }
    const { parentURL } = context;
    const isOfUser = parentURL !== undefined && this.#local.owns(parentURL);
    return (isOfUser ? this.#ofUser : this.#resolve).call(this, specifier, context, next);
  }

  #ofUser(specifier: string, context: ResolveContext, next: NextResolve): Resolution {
    const plain = resolvable(specifier);
    try {
      const found = this.#resolve(plain, context, next);
      // Compilers of TypeScript ask for no `with { type: "json" }`.
      if (context.conditions.includes("require") || !/\.json$/.test(found.url)) return found;
      return { ...found, importAttributes: { type: "json", ...context.importAttributes } };
    } catch (error) {
      throw explainMissing(error, specifier, fileURLToPath(this.hooks.meta.url));
    }
  }

  #resolve(specifier: string, context: ResolveContext, next: NextResolve): Resolution {
    if (specifier === "cenote") return { url: this.#apiUrl, shortCircuit: true };
    if (specifier.startsWith("cenote/")) {
      throw new Error(
        `The package "cenote" has no module "${specifier}". All its names come from "cenote" itself.`,
      );
    }
    const resolved = this.#find(specifier, context, next);
    if (specifier === "tslab") connectTslab(resolved.url, this.#output);
    return resolved;
  }

  #find(specifier: string, context: ResolveContext, next: NextResolve): Resolution {
    const parent = context.parentURL;
    if (parent !== undefined && this.#local.owns(parent)) {
      const file = this.#local.find(specifier, parent);
      if (file) return { url: file, shortCircuit: true };
    }
    try {
      return next(specifier, context);
    } catch (error) {
      const bare = !/^[./]|^[a-z]+:/i.test(specifier);
      const { code } = error as NodeJS.ErrnoException;
      const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
      if (!bare || !missing || parent?.includes("/node_modules/")) throw error;
      try {
        return next(specifier, { ...context, parentURL: this.#kernelPackages });
      } catch {
        throw error;
      }
    }
  }
}

/** An import that failed says nothing of the cell: its stack is completed by the caller's. */
function withCaller(error: unknown, here: Error): unknown {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof Error && stack && !stack.includes("cell:///")) {
    const frames = (here.stack ?? "").split("\n").filter((line) => line.includes("cell:///"));
    error.stack = [stack, ...frames].join("\n");
  }
  return error;
}
