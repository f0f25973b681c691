// Whether a cell could run as it stands, needs more lines, or is wrong whatever follows.
import { parseSync } from "oxc-parser";
import { splitMagics } from "../base/index.ts";

export type Completeness =
  | { status: "complete" | "invalid" | "unknown" }
  | { status: "incomplete"; indent: string };

/** Jupyter's is_complete: an error at the very end of the text means that more is to come. */
export function isComplete(source: string): Completeness {
  const { code } = splitMagics(source);
  const { errors } = parseSync("cell.ts", code, { lang: "ts", sourceType: "module" });
  // `return` outside a function and the like are errors of the whole, not of the end.
  if (errors.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const unfinished = errors.some(
    (error) =>
      error.labels.some((label) => label.start >= end) ||
      /Unterminated multiline comment/.test(error.message) ||
      (/Unterminated (string|template)/.test(error.message) &&
        code[error.labels[0]?.start ?? 0] === "`"),
  );
  return unfinished ? { status: "incomplete", indent: indentAfter(code) } : { status: "invalid" };
}

/** The indent of the last line, one step deeper after an opening bracket. */
function indentAfter(code: string): string {
  const last = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^[ \t]*/.exec(last)![0];
  return /[{([]$/.test(last) ? `${indent}  ` : indent;
}
