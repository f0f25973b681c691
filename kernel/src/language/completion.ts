// Completion and inspection at a cursor, by the names that live in the notebook and those that the cell
// itself declares. Cursors are counted in Unicode code points, as Jupyter's protocol has them.
import type { LiveName, LiveValues } from "./live-values.ts";
import { codePointsBefore, offsetFromCodePoints } from "./positions.ts";

const KEYWORDS =
  "abstract any as async await boolean break case catch class const continue declare default delete do else enum export extends false finally for from function get if implements import in infer instanceof interface keyof let namespace never new null number object of private protected public readonly return satisfies set static string super switch symbol this throw true try type typeof undefined unknown using var void while with yield".split(
    " ",
  );
const MAX_MATCHES = 1000;
const NAME = "[\\p{L}_$][\\p{L}\\p{N}_$]*";
/** A chain of names that ends at the cursor: `a.b?.c` with the last one perhaps empty. */
const CHAIN = new RegExp(
  `(?<![\\p{L}\\p{N}_$.)\\]])(${NAME}(?:\\??\\.${NAME})*)?(\\??\\.)?(${NAME})?$`,
  "u",
);

export interface Completion {
  status: "ok";
  matches: string[];
  cursor_start: number;
  cursor_end: number;
  metadata: Record<string, unknown>;
}

/** Content of complete_reply. */
export async function complete(
  live: LiveValues,
  code: string,
  cursor: number,
): Promise<Completion> {
  const offset = offsetFromCodePoints(code, cursor);
  const before = code.slice(0, offset);
  const prefix = new RegExp(`(${NAME})?$`, "u").exec(before)?.[1] ?? "";
  const candidates = await candidatesFor(
    live,
    code,
    before.slice(0, before.length - prefix.length),
  );
  const matches = [...new Map(candidates.map((one) => [one.name, one])).values()]
    .filter(({ name }) => name.startsWith(prefix) && name !== prefix)
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_MATCHES);
  const cursor_end = codePointsBefore(code, offset);
  const cursor_start = cursor_end - [...prefix].length;
  const typed = matches.map(({ name, kind }) => {
    return { start: cursor_start, end: cursor_end, text: name, type: kind };
  });
  return {
    status: "ok",
    matches: matches.map(({ name }) => name),
    cursor_start,
    cursor_end,
    metadata: { _jupyter_types_experimental: typed },
  };
}

/** Content of inspect_reply. */
export async function inspectAt(
  live: LiveValues,
  code: string,
  cursor: number,
  detail: number,
): Promise<Record<string, unknown>> {
  const offset = offsetFromCodePoints(code, cursor);
  const rest = new RegExp(`^(${NAME}|[\\p{L}\\p{N}_$]*)`, "u").exec(code.slice(offset))?.[0] ?? "";
  const upTo = code.slice(0, offset) + rest;
  // Inside a call's parentheses the function is what is asked about, unless the name there is a value.
  const called = upTo.replace(/\([^()]*$/, "");
  for (const chain of [namesBefore(upTo), called === upTo ? undefined : namesBefore(called)]) {
    const text = chain && (await live.describe(chain[0]!, chain.slice(1), detail));
    if (text === undefined) continue;
    const data = { "text/plain": `${chain!.join(".")}\n${text}` };
    return { status: "ok", found: true, data, metadata: {} };
  }
  return { status: "ok", found: false, data: {}, metadata: {} };
}

async function candidatesFor(live: LiveValues, code: string, before: string): Promise<LiveName[]> {
  if (endsInText(before)) return [];
  if (/\?\.$|\.$/.test(before)) {
    const chain = namesBefore(before.replace(/\??\.$/, ""));
    return chain ? ((await live.properties(chain[0]!, chain.slice(1))) ?? []) : [];
  }
  const keywords = KEYWORDS.map((name): LiveName => ({ name, kind: "keyword" }));
  return [...declaredNames(code), ...(await live.globals()), ...keywords];
}

/** Comments, strings and the parts of templates, each with what closes it. */
const TEXTS =
  /\/\/.*(?<closed>\n)?|\/\*[\s\S]*?(?<closed>\*\/|$)|(?<quote>["'])(?:\\[\s\S]|(?!\k<quote>)[^\\\n])*(?<closed>\k<quote>|\n|$)|`(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?<closed>`|\$\{|$)/g;

/** Whether what follows this text belongs to a string or a comment. */
function endsInText(text: string): boolean {
  const last = [...text.matchAll(TEXTS)].at(-1);
  return (
    last !== undefined && last.index + last[0].length === text.length && !last.groups?.["closed"]
  );
}

/** `foo(a.b` → ["a", "b"]; undefined where the text ends in something else than a chain of names. */
function namesBefore(text: string): string[] | undefined {
  const chain = CHAIN.exec(text);
  if (!chain?.[1] || chain[2]) return undefined;
  return chain[1].split(/\??\./);
}

/** Names that the cell declares or imports, found without needing it to be whole. */
function declaredNames(code: string): LiveName[] {
  const declared = new RegExp(
    `\\b(?:const|let|var|function\\*?|class|enum|namespace|type|interface|import|as)\\s+(${NAME})`,
    "gu",
  );
  return [...code.matchAll(declared)].map((found) => ({ name: found[1]!, kind: "instance" }));
}

/** An object's own names first, then inherited ones, each with private ones last. */
const rank = ({ name, inherited }: LiveName) =>
  (inherited ? 2 : 0) + (name.startsWith("_") || name.startsWith("$") ? 1 : 0);
