// Completion and inspection by types where they are known, and by the notebook's living values where they
// are not: before the types are loaded, for values of type any, for names that code made at run time.
import { splitMagics, type TypedCompletion, type TypedInspection } from "../base/index.ts";
import { type Completion, complete, inspectAt } from "./completion.ts";
import type { LiveName, LiveValues } from "./live-values.ts";
import { completeMagic, inspectMagic } from "./magic-answers.ts";

/** What is asked of the types; undefined when they can't say, or not soon enough. */
export interface TypesPort {
  complete(code: string, cursor: number): Promise<TypedCompletion | undefined>;
  inspect(code: string, cursor: number): Promise<TypedInspection | undefined>;
}

/** A busy main thread is not waited for longer when the types have answered. */
const LIVING_MS = 200;
const MAX_MATCHES = 1000;

/** Content of complete_reply; metadata says of what kind each match is. */
export async function completeCell(
  types: TypesPort,
  live: LiveValues,
  source: string,
  cursor: number,
): Promise<Completion> {
  const magic = completeMagic(source, cursor);
  if (magic) return magic;
  const { code } = splitMagics(source);
  const typed = await types.complete(code, cursor);
  if (!typed || typed.extent === "unknown") return complete(live, code, cursor);
  const { matches, kinds, cursor_start, cursor_end } = typed;
  const living = typed.extent === "names" ? await within(LIVING_MS, live.globals()) : [];
  const known = new Set(matches);
  const wanted = [...code].slice(cursor_start, cursor_end).join("");
  const more = living.filter(({ name }) => {
    return name.startsWith(wanted) && name !== wanted && !known.has(name);
  });
  const found: LiveName[] = matches.map((name, i) => ({ name, kind: kinds[i]! }));
  return reply([...found, ...more].slice(0, MAX_MATCHES), cursor_start, cursor_end);
}

/** Content of inspect_reply. With `detail` above 0 the value itself is shown too. */
export async function inspectCell(
  types: TypesPort,
  live: LiveValues,
  source: string,
  cursor: number,
  detail: number,
): Promise<Record<string, unknown>> {
  const { code, magics } = splitMagics(source);
  const magic = inspectMagic(magics, source, cursor);
  if (magic) return magic;
  const typed = await types.inspect(code, cursor);
  if (typed && !typed.isAny && detail === 0) return found(typed.data);
  const value = await inspectAt(live, code, cursor, detail);
  if (!typed) return value;
  if (!value["found"]) return found(typed.data);
  const text = (value["data"] as Record<string, string>)["text/plain"]!;
  const fence = text.includes("```") ? "~~~~" : "```";
  return found({
    "text/plain": `${typed.data["text/plain"]}\n\n${text}`,
    "text/markdown": `${typed.data["text/markdown"]}\n\n${fence}\n${text}\n${fence}`,
  });
}

const found = (data: object) => ({ status: "ok", found: true, data, metadata: {} });

function reply(found: readonly LiveName[], start: number, end: number): Completion {
  return {
    status: "ok",
    matches: found.map(({ name }) => name),
    cursor_start: start,
    cursor_end: end,
    metadata: {
      _jupyter_types_experimental: found.map(({ name, kind }) => {
        return { start, end, text: name, type: kind };
      }),
    },
  };
}

async function within(ms: number, names: Promise<LiveName[]>): Promise<LiveName[]> {
  let timer: NodeJS.Timeout | undefined;
  const none = new Promise<LiveName[]>((resolve) => {
    timer = setTimeout(resolve, ms, []);
  });
  const first = await Promise.race([names, none]);
  clearTimeout(timer);
  return first;
}
