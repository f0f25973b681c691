// `%types on`, `%types off`, `%types strict`, `%types`: a line of a cell, taken out before the cell runs.
import { TYPES_MODES, type TypesMode } from "../base/index.ts";

export interface TakenMagic {
  /** The cell without the lines, each replaced by blanks so that places stay. */
  code: string;
  /** What was asked, in order: a mode, "show", or a word that means nothing. */
  asked: ({ mode: TypesMode } | "show" | { unknown: string })[];
}

const LINE = /^[ \t]*%types(?![\w$])(.*)$/gm;

export function takeTypesMagic(code: string): TakenMagic {
  const asked: TakenMagic["asked"] = [];
  if (!code.includes("%types")) return { code, asked };
  const rest = code.replace(LINE, (line: string, words: string) => {
    const word = words.replace(/\/\/.*/, "").trim();
    const mode = TYPES_MODES.find((one) => one === word);
    asked.push(mode ? { mode } : word === "" ? "show" : { unknown: word });
    return " ".repeat(line.length);
  });
  return { code: rest, asked };
}
