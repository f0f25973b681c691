// Imports of names that a module doesn't export: what is said of them, and where they stand in local files.
import type { LocalSources } from "./local-sources.ts";
import { LocalSyntaxError } from "./local-sources.ts";
import { placeText } from "./place.ts";

/** What is wrong with the import of this name. */
export function missingExport(name: string, specifier: string): string {
  if (name === "default") return `The module "${specifier}" has no default export.`;
  const missing = `The module "${specifier}" has no export named "${name}".`;
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return missing;
  return `${missing} If ${name} is a type, import it with: import type { ${name} } from "${specifier}"`;
}

const V8 = /^The requested module '(.*)' does not provide an export named '(.*)'$/;
/** Node writes the place above the error, as V8 gives it. */
const PLACE = /^(file:\S+):(\d+)\n.*\n( *)\^/;

/** The error of a local file that imports what another module has not, with its place. */
export function missingInFile(error: unknown, sources: LocalSources): LocalSyntaxError | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const [, specifier, name] = V8.exec(error.message) ?? [];
  const [, url, line, before] = PLACE.exec(error.stack ?? "") ?? [];
  if (specifier === undefined || name === undefined || url === undefined) return undefined;
  const place = sources.find(url, { line: Number(line), column: before!.length + 1 });
  if (!place) return undefined;
  const message = `${missingExport(name, specifier)} (${placeText(place)})`;
  return new LocalSyntaxError(message, place, undefined);
}
