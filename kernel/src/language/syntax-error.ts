// A cell that isn't valid TypeScript, with its place in the user's source.
import { magicNamed } from "../base/index.ts";
import type { Position } from "./positions.ts";
import { offsetFromUtf8, positionAt } from "./positions.ts";

export class CellSyntaxError extends SyntaxError {
  override name = "SyntaxError";
  readonly position: Position;
  /** What would mend it, where the parser knows. */
  readonly help: string | undefined;

  constructor(message: string, position: Position, help?: string) {
    super(message);
    this.position = position;
    this.help = help;
  }
}

interface OxcErrorLike {
  severity: string;
  message: string;
  labels: { start: number; end: number }[];
  helpMessage: string | null;
}

/** The first real error of a transformation, or undefined. Its labels count UTF-8 bytes. */
export function firstSyntaxError(
  source: string,
  errors: readonly OxcErrorLike[],
): CellSyntaxError | undefined {
  const error = errors.find((one) => one.severity === "Error");
  if (!error) return undefined;
  // Where a name is declared twice, the second label is the place to look at.
  const label = error.labels.at(/redeclared|already been declared/.test(error.message) ? -1 : 0);
  const offset = offsetFromUtf8(source, label?.start ?? 0);
  const help = error.helpMessage ?? magicHelp(source.slice(offset));
  return new CellSyntaxError(error.message, positionAt(source, offset), help);
}

/** What to say where the name at this place is that of a magic: `1 + 1\n%time` is a remainder by `time`. */
export function misplacedMagic(source: string, { line, column }: Position): string | undefined {
  const before = source.split("\n")[line - 1]?.slice(0, column - 1) ?? "";
  const sign = /%%?$/.exec(before)?.[0];
  return sign && magicHelp(sign + source.split("\n")[line - 1]!.slice(column - 1));
}

function magicHelp(rest: string): string | undefined {
  const name = /^%%?([a-zA-Z]\w*)/.exec(rest)?.[1];
  if (name === undefined || !magicNamed(name)) return undefined;
  return `%${name} is a magic: those stand at the head of a cell, before its code.`;
}
