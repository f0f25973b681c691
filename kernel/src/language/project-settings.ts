// What the tsconfig.json of a notebook's folder, or the nearest one further up, says about decorators: the
// only setting by which the same TypeScript runs differently. Settings that it extends count too.
import { dirname } from "node:path";
import type ts from "typescript";

export type DecoratorSettings = Pick<
  ts.CompilerOptions,
  "experimentalDecorators" | "emitDecoratorMetadata" | "useDefineForClassFields"
>;

const STANDARD: DecoratorSettings = {
  experimentalDecorators: false,
  useDefineForClassFields: true,
};

/** A file that can't be read, or is wrong, says nothing. */
export function decoratorSettings(compiler: typeof ts, folder: string): DecoratorSettings {
  const { findConfigFile, parseJsonConfigFileContent, readConfigFile, ScriptTarget, sys } =
    compiler;
  const path = findConfigFile(folder, sys.fileExists);
  if (path === undefined) return STANDARD;
  const { config } = readConfigFile(path, sys.readFile);
  const host = { ...sys, readDirectory: () => [] };
  const { options } = parseJsonConfigFileContent(config ?? {}, host, dirname(path));
  if (options.experimentalDecorators !== true) return STANDARD;
  return {
    experimentalDecorators: true,
    emitDecoratorMetadata: options.emitDecoratorMetadata === true,
    useDefineForClassFields:
      options.useDefineForClassFields ??
      (options.target ?? ScriptTarget.ESNext) >= ScriptTarget.ES2022,
  };
}
