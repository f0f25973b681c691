// Whether a cell could run as it stands, needs more lines, or is wrong whatever follows.
import { parseSync } from "oxc-parser";
import { splitMagics } from "../base/index.ts";
import type { Dialect } from "./typescript-facts.ts";

export type Completeness =
  | { status: "complete" | "invalid" | "unknown" }
  | { status: "incomplete"; indent: string };

/** Jupyter's is_complete: an error at the very end of the text means that more is to come. */
export function isComplete(source: string): Completeness {
  const code = splitMagics(source).code.replace(/^#!/, "//");
  const plain = statusOf(code, "ts");
  if (plain === "complete" || !code.includes("<")) return answer(code, plain);
  // It may be JSX; what can't go on in the one dialect may go on in the other.
  const jsx = statusOf(code, "tsx");
  return answer(code, jsx === "invalid" ? plain : jsx);
}

type Status = "complete" | "incomplete" | "invalid";

function answer(code: string, status: Status): Completeness {
  return status === "incomplete" ? { status, indent: indentAfter(code) } : { status };
}

function statusOf(code: string, lang: Dialect): Status {
  const how = { lang, sourceType: "module" } as const;
  const { errors } = parseSync(`cell.${lang}`, code, how);
  if (errors.length === 0) {
    // `break` outside a loop, names declared twice and the like are errors of the whole, not of the end.
    const whole = parseSync(`cell.${lang}`, code, { ...how, showSemanticErrors: true });
    return whole.errors.length === 0 ? "complete" : "invalid";
  }
  const end = code.trimEnd().length;
  const unfinished = errors.some(
    (error) =>
      error.labels.some((label) => label.start >= end) ||
      (/ expected after /.test(error.message) && error.labels.some((label) => label.end >= end)) ||
      /Unterminated multiline comment/.test(error.message) ||
      (/Unterminated (string|template)/.test(error.message) &&
        code[error.labels[0]?.start ?? 0] === "`"),
  );
  return unfinished ? "incomplete" : "invalid";
}

/** The indent of the last line, one step deeper after an opening bracket. */
function indentAfter(code: string): string {
  const last = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^[ \t]*/.exec(last)![0];
  return /[{([]$/.test(last) ? `${indent}  ` : indent;
}
