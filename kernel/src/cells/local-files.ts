// The user's own modules beside a notebook: which they are, where "./x" is, how new they and what they
// import are (their version, which makes Node evaluate them anew), and their JavaScript.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";
import { CellSyntaxError, fileToJavaScript, type Position, positionAt } from "../language/index.ts";
import { watchFor } from "./intrinsics.ts";
import { type LocalSources, LocalSyntaxError } from "./local-sources.ts";
import { placeText } from "./place.ts";

const CODE = new Set([".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx"]);
/** What is imported as it is. */
const PLAIN = new Set([".cjs", ".json"]);
/** What Node doesn't load as it stands. */
const COMPILED = new Set([".ts", ".tsx", ".mts", ".jsx"]);
const FOLDERS = ["/index.ts", "/index.tsx", "/index.js"];
const CANDIDATES = [".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx", ...FOLDERS];

interface Resolved {
  url: string;
  format?: string | null | undefined;
  shortCircuit?: boolean | undefined;
  importAttributes?: object | undefined;
}

/** Of a module and all that it imports: the time of the latest change, the last `forget` that named one. */
interface Newest {
  modified: number;
  forgotten: number;
}

interface Scan {
  modified: number;
  imports: string[];
}

export class LocalFiles {
  readonly #own: string;
  readonly #sources: LocalSources;
  readonly #scans = new Map<string, Scan>();
  /** Modules that were given out, by the URL of their file. */
  readonly #known = new Set<string>();
  /** By file: the serial of the `forget` that named it last. */
  readonly #forgotten = new Map<string, number>();
  #forgets = 0;
  /** The URL that was loaded last. */
  #latest: string | undefined;

  /** `ownFolder`: the URL of the kernel's own code, which is nobody's local file. */
  constructor(ownFolder: string, sources: LocalSources) {
    this.#own = ownFolder;
    this.#sources = sources;
  }

  /** Whether this URL is a module of the user's, not a package's, Node's or the kernel's. */
  owns(url: string): boolean {
    return url.startsWith("file:") && !url.includes("/node_modules/") && !url.startsWith(this.#own);
  }

  /** The file that a relative specifier means, or undefined to leave it to Node. */
  find(specifier: string, parent: string): string | undefined {
    if (!/^\.{0,2}\//.test(specifier)) return undefined;
    const url = new URL(specifier, parent);
    url.search = "";
    const path = fileURLToPath(url);
    if (isFile(path)) return undefined;
    const base = path.replace(/\.([mc]?)js$/, ".$1ts");
    if (base !== path && isFile(base)) return pathToFileURL(base).href;
    const found = CANDIDATES.map((end) => path + end).find(isFile);
    return found && pathToFileURL(found).href;
  }

  /** The resolution with the newest change of the file and its imports in its URL. */
  version<T extends Resolved>(resolved: T): T {
    if (!this.owns(resolved.url)) return resolved;
    const url = new URL(resolved.url);
    url.search = "";
    const extension = extname(url.pathname);
    if (!CODE.has(extension) && !PLAIN.has(extension)) return resolved;
    this.#known.add(url.href);
    const newest = this.#newest(url.href, new Set());
    // What CommonJS requires is not looked at: such modules are evaluated anew when they are forgotten.
    const isCommonJs = resolved.format === "commonjs";
    if (!isCommonJs) url.searchParams.set("changed", String(newest.modified));
    if (newest.forgotten > 0) url.searchParams.set("forgotten", String(newest.forgotten));
    return isCommonJs && newest.forgotten === 0 ? resolved : { ...resolved, url: url.href };
  }

  /**
   * Has local modules evaluated anew by the next import: those that these specifiers mean as seen from
   * `parent`, or all. Returns the URLs of those that it knew.
   */
  forget(specifiers: readonly string[], parent: string): string[] {
    const wanted = specifiers.map((one) => {
      const given = /^\.{0,2}\//.test(one) ? one : `./${one}`;
      return this.find(given, parent) ?? new URL(given, parent).href;
    });
    const found = [...this.#known].filter((url) => wanted.length === 0 || wanted.includes(url));
    this.#forgets++;
    for (const url of found) this.#forgotten.set(url, this.#forgets);
    return found;
  }

  /** The module's JavaScript if it is the user's TypeScript, else undefined. Throws SyntaxError. */
  load(url: string): { format: string; source: string; shortCircuit: true } | undefined {
    this.#latest = url;
    if (!this.owns(url)) return undefined;
    const path = fileURLToPath(url.replace(/\?.*/, ""));
    if (!CODE.has(extname(path))) return undefined;
    const source = readFileSync(path, "utf8");
    watchFor(source);
    if (!COMPILED.has(extname(path))) return undefined;
    try {
      const javaScript = fileToJavaScript(source, /x$/.test(path) ? "tsx" : "ts", dirname(path));
      this.#sources.add(url, source, javaScript);
      return { format: "module", source: javaScript.code, shortCircuit: true };
    } catch (error) {
      if (!(error instanceof CellSyntaxError)) throw error;
      throw this.#syntaxError(error, path, source, error.position);
    }
  }

  /** What is wrong with the JavaScript of the user's that was loaded last; V8 doesn't say where it is. */
  syntaxError(): LocalSyntaxError | undefined {
    const url = this.#latest;
    if (url === undefined || !this.owns(url)) return undefined;
    const path = fileURLToPath(url.replace(/\?.*/, ""));
    if (!CODE.has(extname(path))) return undefined;
    const source = readFileSync(path, "utf8");
    const [error] = parseSync(path, source, { sourceType: "module" }).errors;
    if (!error) return undefined;
    const position = positionAt(source, error.labels[0]?.start ?? 0);
    const { message, helpMessage } = error;
    return this.#syntaxError({ message, help: helpMessage ?? undefined }, path, source, position);
  }

  #syntaxError(
    { message, help }: { message: string; help?: string | undefined },
    path: string,
    source: string,
    position: Position,
  ) {
    const place = { label: this.#sources.label(path), source, position };
    return new LocalSyntaxError(`${message} (${placeText(place)})`, place, help);
  }

  #newest(url: string, seen: Set<string>): Newest {
    const newest = { modified: 0, forgotten: this.#forgotten.get(url) ?? 0 };
    if (seen.has(url)) return newest;
    seen.add(url);
    try {
      const scan = this.#scan(url);
      newest.modified = scan.modified;
      for (const specifier of scan.imports) {
        const next = this.find(specifier, url) ?? new URL(specifier, url).href;
        const other = this.#newest(next, seen);
        newest.modified = Math.max(newest.modified, other.modified);
        newest.forgotten = Math.max(newest.forgotten, other.forgotten);
      }
    } catch {
      // The import itself will say what is wrong with the file.
    }
    return newest;
  }

  /** The file's time and the relative imports in it, read again when it has changed. */
  #scan(url: string): Scan {
    const path = fileURLToPath(url);
    const modified = statSync(path).mtimeMs;
    const known = this.#scans.get(url);
    if (known?.modified === modified) return known;
    const imports = CODE.has(extname(path)) ? relativeImports(path) : [];
    const scan = { modified, imports };
    this.#scans.set(url, scan);
    return scan;
  }
}

function relativeImports(path: string): string[] {
  const { module } = parseSync(path, readFileSync(path, "utf8"));
  const from = [
    ...module.staticImports.map((one) => one.moduleRequest.value),
    ...module.staticExports.flatMap((one) =>
      one.entries.map((entry) => entry.moduleRequest?.value),
    ),
  ];
  return from.filter(
    (specifier) => specifier !== undefined && /^\.{1,2}\//.test(specifier),
  ) as string[];
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
