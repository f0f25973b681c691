// What would mend an error, where its kind tells: one line below the place.
import { CellSyntaxError, LEGACY_DECORATORS, misplacedMagic } from "../language/index.ts";
import { LocalSyntaxError } from "./local-sources.ts";
import type { Place } from "./place.ts";

/** What cells most often take from "cenote" and forget to import. */
export const IMPORTED = new Set(
  (
    "adapter allocate clear col count desc display get gpu host html jpeg json keep latex lit markdown mean mime " +
    "page png pool progress put quantile sum svg tensor vega watch when"
  ).split(" "),
);
/** Of other places where TypeScript runs. */
const ELSEWHERE = new Map([
  ...["document", "window"].map((name): [string, string] => [
    name,
    'Cells run in Node, without a page. html`…` from "cenote" shows HTML.',
  ]),
  ["alert", "console.log(…) prints; await input(…) asks for a line."],
  ["confirm", 'await input("… [y/n] ") asks for a line.'],
  ["Deno", "Cells run in Node: its own modules are imported by node:fs and the like."],
  ["Bun", "Cells run in Node: its own modules are imported by node:fs and the like."],
  ["print", "console.log(…) prints."],
]);

/** `place`: where it was thrown, if that is known. */
export function helpFor(error: Error, place: Place | undefined): string | undefined {
  if (error instanceof CellSyntaxError || error instanceof LocalSyntaxError) return error.help;
  if (error instanceof ReferenceError) return helpForName(error.message, place);
  // A decorator of the older kind looks at an argument that is not there.
  const decorates = error instanceof TypeError && String(error.stack).includes("at __esDecorate ");
  return decorates ? LEGACY_DECORATORS : undefined;
}

function helpForName(message: string, place: Place | undefined): string | undefined {
  const name = /^([\w$]+) is not defined$/.exec(message)?.[1];
  if (name === undefined) return undefined;
  if (IMPORTED.has(name)) return `It is imported so: import { ${name} } from "cenote"`;
  return (place && misplacedMagic(place.source, place.position)) ?? ELSEWHERE.get(name);
}
