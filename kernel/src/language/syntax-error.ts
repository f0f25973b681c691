// A cell that isn't valid TypeScript, with its place in the user's source.
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
  const position = positionAt(source, offsetFromUtf8(source, label?.start ?? 0));
  return new CellSyntaxError(error.message, position, error.helpMessage ?? undefined);
}
