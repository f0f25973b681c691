// TypeScript, with JSX or without, to JavaScript that V8 runs. oxc does nearly all of it, in a fraction of
// a millisecond; what it leaves goes through TypeScript's own compiler (lowering.ts).
import { parseSync } from "oxc-parser";
import { transformSync } from "oxc-transform";
import { jsxFactory, oxcJsx } from "./jsx-factory.ts";
import { hasLegacyDecorators, lower } from "./lowering.ts";
import { type KnownNames, NO_NAMES } from "./notebook-names.ts";
import { positionAt } from "./positions.ts";
import { CellSyntaxError, firstSyntaxError } from "./syntax-error.ts";
import { type Dialect, factsOf, type TypeScriptFacts, type Using } from "./typescript-facts.ts";

export interface JavaScript {
  code: string;
  /** As in a source map; back to what was given. */
  mappings: string;
  /** Columns by which the first line of what was given is shifted in the mappings. */
  shift: number;
  /** What was compiled, as long as what was given, and how it was read. */
  source: string;
  lang: Dialect;
  facts: TypeScriptFacts | undefined;
  /** Namespaces that earlier cells have begun. */
  merges: ReadonlyMap<string, readonly string[]>;
  /** Whether TypeScript's compiler made it, which adds names of its own. */
  isLowered: boolean;
}

type Compiled = Pick<JavaScript, "code" | "mappings" | "lang"> & { warns: boolean };

/** The notebook's, where the kernel starts. */
const NOTEBOOK_FOLDER = process.cwd();

/** The JavaScript of a cell. Throws CellSyntaxError. */
export function cellToJavaScript(given: string, known: KnownNames): JavaScript {
  const source = given.replace(/^#!/, "//");
  const asObject = objectLiteral(source, known);
  if (asObject) return asObject;
  const compiled = compile(source, known);
  const facts = factsOf(source, compiled.lang);
  // The cell's editor disposes of what `using` at the top holds.
  const made = moduleToJavaScript(source, compiled, {
    known,
    facts,
    usings: facts?.usings ?? [],
    folder: NOTEBOOK_FOLDER,
  });
  if (!facts?.exportAssignment || made.isLowered) return made;
  return { ...made, ...runOxc(withoutExport(source, facts), made.lang, known) };
}

/** `import x = require("y")` is a call of `require`, which modules that Node loads don't have. */
const REQUIRES = /^\s*(?:export\s+)?import\s+[\w$]+\s*=\s*require\s*\(/m;
const REQUIRE =
  'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);\n';

/** The JavaScript of a module of the user's in this folder. Throws CellSyntaxError. */
export function fileToJavaScript(given: string, lang: Dialect, folder: string): JavaScript {
  const source = given.replace(/^#!/, "//");
  const facts = factsOf(source, lang);
  if (facts?.exportAssignment) {
    const position = positionAt(source, facts.exportAssignment.start);
    throw new CellSyntaxError(
      "A module in a file can't have `export =`",
      position,
      "Write `export default`.",
    );
  }
  const compiled = runOxc(source, lang, NO_NAMES);
  const made = moduleToJavaScript(source, compiled, {
    known: NO_NAMES,
    facts,
    usings: [],
    folder,
  });
  if (!REQUIRES.test(source)) return made;
  return { ...made, code: REQUIRE + made.code, mappings: `;${made.mappings}` };
}

interface Context {
  known: KnownNames;
  facts: TypeScriptFacts | undefined;
  /** Those that the compiler is to leave alone. */
  usings: readonly Using[];
  folder: string;
}

function moduleToJavaScript(
  source: string,
  { code, mappings, lang, warns }: Compiled,
  { known, facts, usings, folder }: Context,
): JavaScript {
  const merges = mergesOf(facts, known);
  const shared = { shift: 0, source, lang, facts, merges };
  if (facts && (facts.hasDecorators || facts.hasParts || merges.size > 0 || warns)) {
    checkDecorators(source, facts, folder);
    const jsx = lang === "tsx" ? factoryFor(source, known) : undefined;
    const options = { jsx, usings, folder, earlierParts: merges };
    const lowered = lower(withoutExport(source, facts), options);
    return { ...lowered, ...shared, isLowered: true };
  }
  return { code, mappings, ...shared, isLowered: false };
}

/** What to do where older decorators are meant. */
export const LEGACY_DECORATORS =
  'Decorators are standard ones here. For the older kind, put { "compilerOptions": ' +
  '{ "experimentalDecorators": true } } into a tsconfig.json beside the notebook.';

function checkDecorators(source: string, facts: TypeScriptFacts, folder: string): void {
  const at = facts.parameterDecorator;
  if (at === undefined || hasLegacyDecorators(folder)) return;
  const position = positionAt(source, at);
  throw new CellSyntaxError("Parameters can't be decorated", position, LEGACY_DECORATORS);
}

/** As in other REPLs, a cell that is nothing but {…} is an object where it can be one. */
function objectLiteral(source: string, known: KnownNames): JavaScript | undefined {
  const trimmed = source.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  try {
    const { code, mappings, lang } = compile(`(${source}\n)`, known);
    const none = { facts: undefined, merges: new Map<string, string[]>(), isLowered: false };
    return { code, mappings, shift: 1, source, lang, ...none };
  } catch (error) {
    if (error instanceof CellSyntaxError) return undefined;
    throw error;
  }
}

/** What isn't TypeScript may be TypeScript with JSX. Of two errors, the one further on says more. */
function compile(source: string, known: KnownNames): Compiled {
  try {
    return runOxc(source, "ts", known);
  } catch (error) {
    if (!(error instanceof CellSyntaxError) || !source.includes("<")) throw error;
    try {
      return runOxc(source, "tsx", known);
    } catch (other) {
      throw isBehind(other as CellSyntaxError, error) ? other : error;
    }
  }
}

function isBehind({ position: one }: CellSyntaxError, { position: other }: CellSyntaxError) {
  return one.line > other.line || (one.line === other.line && one.column > other.column);
}

function runOxc(source: string, lang: Dialect, known: KnownNames): Compiled {
  const made = transformSync(`cell.${lang}`, source, {
    lang,
    sourceType: "module",
    sourcemap: true,
    // An import may be there for a later cell.
    typescript: { onlyRemoveTypeImports: true },
    ...(lang === "tsx" && { jsx: oxcJsx(factoryFor(source, known)) }),
  });
  const error = firstSyntaxError(source, made.errors);
  if (error) throw error;
  const warns = made.errors.some(({ message }) => message.startsWith("Namespaces exporting"));
  return { code: made.code, mappings: made.map?.mappings ?? "", lang, warns };
}

function factoryFor(source: string, known: KnownNames) {
  const { staticImports } = parseSync("cell.tsx", source, { lang: "tsx" }).module;
  const imported = new Set(
    staticImports.flatMap(({ entries }) => entries.map(({ localName }) => localName.value)),
  );
  return jsxFactory(source, (name) => imported.has(name) || known.get(name)?.kind === "import");
}

/** Namespaces of the cell that add to what an earlier cell declared, and not to what this one does. */
function mergesOf(facts: TypeScriptFacts | undefined, known: KnownNames) {
  const merges = new Map<string, readonly string[]>();
  for (const name of facts?.namespaces.keys() ?? []) {
    const earlier = facts!.others.has(name) ? undefined : known.get(name);
    if (earlier && /^(namespace|class|function|enum)$/.test(earlier.kind)) {
      merges.set(name, earlier.exports ?? []);
    }
  }
  return merges;
}

/** `export = x` is `(x)`, in the same place. */
function withoutExport(source: string, { exportAssignment: at }: TypeScriptFacts): string {
  if (!at) return source;
  const gap = source.slice(at.start, at.from).replace(/\S/g, " ").slice(0, -1);
  return `${source.slice(0, at.start)}${gap}(${source.slice(at.from, at.to)})${source.slice(at.to)}`;
}
