// What V8 doesn't run yet and oxc doesn't make into JavaScript, TypeScript's own compiler does: standard
// decorators and `accessor`, namespaces of several parts or with variables. It takes 0.2 s and 50 MB to
// load, so only code that has one of them goes through it.
import { createRequire } from "node:module";
import type ts from "typescript";
import type { JsxFactory } from "./jsx-factory.ts";
import { decoratorSettings } from "./project-settings.ts";
import type { Using } from "./typescript-facts.ts";

export interface Lowered {
  code: string;
  /** As in a source map. */
  mappings: string;
}

export interface LoweringOptions {
  jsx: JsxFactory | undefined;
  /** `using` that isn't to be touched. */
  usings: readonly Using[];
  /** Where the code is, whose tsconfig.json counts. */
  folder: string;
  /** Exports of parts of its namespaces in earlier cells. */
  earlierParts: ReadonlyMap<string, readonly string[]>;
}

let compiler: typeof ts | undefined;

function load(): typeof ts {
  compiler ??= createRequire(import.meta.url)("typescript") as typeof ts;
  return compiler;
}

/** Whether decorators are the older kind in this folder. */
export const hasLegacyDecorators = (folder: string): boolean =>
  decoratorSettings(load(), folder).experimentalDecorators === true;

/** `source` must be valid TypeScript. */
export function lower(source: string, options: LoweringOptions): Lowered {
  const { ModuleKind, ScriptTarget, JsxEmit, transpileModule } = load();
  const { jsx } = options;
  const made = transpileModule(withParts(withoutUsing(source, options.usings), options), {
    fileName: `cell.${jsx ? "tsx" : "ts"}`,
    compilerOptions: {
      target: ScriptTarget.ES2024,
      module: ModuleKind.Preserve,
      sourceMap: true,
      verbatimModuleSyntax: true,
      ...decoratorSettings(load(), options.folder),
      ...(jsx && jsxOptions(jsx, JsxEmit)),
    },
  });
  const { mappings } = JSON.parse(made.sourceMapText ?? "{}") as { mappings: string };
  return { code: made.outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ""), mappings };
}

function jsxOptions(jsx: JsxFactory, { React, ReactJSX }: typeof ts.JsxEmit): ts.CompilerOptions {
  if (jsx.importSource) return { jsx: ReactJSX, jsxImportSource: jsx.importSource };
  return { jsx: React, jsxFactory: jsx.factory, jsxFragmentFactory: jsx.fragment };
}

/**
 * The compiler would turn a cell that has `using` at its top inside out. It sees `const`, which is as
 * long, and the cell's editor, which knows the names, does the rest.
 */
function withoutUsing(source: string, usings: readonly Using[]): string {
  let text = source;
  for (const { start } of usings) {
    const rest = text
      .slice(start)
      .replace(/^(await\s+)?using/, (_, wait = "") => `${blank(wait)}const`);
    text = text.slice(0, start) + rest;
  }
  return text;
}

const blank = (text: string) => text.replace(/\S/g, " ");

/** Names that other parts of a namespace export are in scope in this one. */
function withParts(source: string, { earlierParts }: LoweringOptions): string {
  const parts = [...earlierParts].map(
    ([name, exported]) =>
      `declare namespace ${name} { ${exported.map((one) => `let ${one}: any;`).join(" ")} }`,
  );
  return [source, ...parts].join("\n");
}
