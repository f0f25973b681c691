// Interns tags: the books and the event ring hold a tag's id, the panel gets the text once.
import { CenoteError, postNote } from "../base/index.ts";

/** Distinct tags that are told apart; a caller that makes tags up without end must not fill the memory. */
const MAX_TAGS = 1 << 16;
const REST = "(other tags)";

const ids = new Map<string, number>();
const texts: string[] = [""];
/** The tag asked for last, which often is the next one too. */
let lastText = "";
let lastId = 0;

/** Throws BAD_NAME unless a tag, or a mark's name, is text: reports and panels could not show it. */
export function checkName(what: string, name: unknown): void {
  if (typeof name === "string") return;
  throw new CenoteError("BAD_NAME", `wanted text as ${what}, found ${typeof name}`, {
    mend: "Make a text of it, with String(…).",
  });
}

/** The id of `text`; 0 for the empty tag. The same in every pool of the process. */
export function tagId(text: string): number {
  if (text !== lastText) {
    lastId = text === "" ? 0 : idOf(text);
    lastText = text;
  }
  return lastId;
}

function idOf(text: string): number {
  const known = ids.get(text);
  if (known !== undefined) return known;
  if (texts.length >= MAX_TAGS && text !== REST) return idOf(REST);
  const id = texts.length;
  texts.push(text);
  ids.set(text, id);
  postNote({ type: "tag", id, text });
  return id;
}

export function tagText(id: number): string {
  return texts[id] ?? "";
}
