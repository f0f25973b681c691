// Reads the arguments of a command, and says what was wrong with them.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { CenoteError } from "../base/index.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Arguments {
  /** The one file. */
  file: string;
  flag(name: string): boolean;
  /** The value of an option, or undefined. */
  value(name: string): string | undefined;
}

/** Reads one file name and options. Throws USAGE. */
export function readArguments(args: string[], options: Options, usage: string): Arguments {
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new CenoteError("USAGE", (error as Error).message, { mend: `usage: ${usage}` });
  }
  const [file, ...more] = parsed.positionals;
  if (file === undefined || more.length > 0) {
    const found = file === undefined ? "none" : `${parsed.positionals.length}`;
    throw new CenoteError("USAGE", `wanted one file, found ${found}`, { mend: `usage: ${usage}` });
  }
  return {
    file,
    flag: (name) => parsed.values[name] === true,
    value: (name) => parsed.values[name] as string | undefined,
  };
}
