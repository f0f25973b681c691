// Magics: lines such as `%npm install d3` at the head of a cell. Only blank lines, comments and other
// magics may stand before one, so that a `%` below is always TypeScript's operator.

import { nearest } from "./nearest.ts";

export interface MagicInfo {
  name: string;
  /** How it is written, one line a form. */
  usage: readonly string[];
  /** One sentence. */
  summary: string;
  /** What may be told besides; Markdown. */
  details: string;
  /** What may follow it, for completion. */
  words: readonly string[];
  /** True where the rest of its line is code of the cell. */
  beforeCode?: true;
}

export const MAGICS: readonly MagicInfo[] = [
  {
    name: "help",
    usage: ["%help", "%help NAME"],
    summary: "Shows the magics, and what a cell can show.",
    details: "With a name, what is to be known about that magic.",
    words: ["npm", "reload", "time", "types", "who"],
  },
  {
    name: "npm",
    usage: ["%npm install PACKAGE[@VERSION] …", "%npm uninstall PACKAGE …", "%npm list"],
    summary: "Runs npm in the notebook's folder, before the rest of the cell.",
    details:
      "The cell's own imports see what was installed, and so do types and completion. Any command of " +
      "npm that asks nothing may be given. The cell fails where npm does. A package that is imported " +
      "already stays what it is until the kernel is restarted.",
    words: ["install", "list", "outdated", "run", "uninstall", "update", "view"],
  },
  {
    name: "reload",
    usage: ["%reload", "%reload ./file.ts …"],
    summary: "Lets the next import evaluate the notebook's own modules anew.",
    details:
      "A local file that has changed is evaluated anew without it. `%reload` is for those that have not: " +
      "whose module state is to begin again, or that read something else. Without a name, all of them.",
    words: [],
  },
  {
    name: "time",
    usage: ["%time STATEMENT", "%%time"],
    summary: "Tells how long a statement took, or the whole cell.",
    details:
      "Wall time; processor time of the notebook's thread and of all the kernel's threads; and, once the " +
      "GPU is in use, by how much the pool's live bytes grew and how high they were meanwhile. " +
      "`%time` with nothing behind it times the cell, as `%%time` does.",
    words: [],
    beforeCode: true,
  },
  {
    name: "types",
    usage: ["%types on", "%types strict", "%types off", "%types"],
    summary: "Says whether errors of types are shown, keep a cell from running, or neither.",
    details: "Without a word it tells which. The mode counts from its own cell on.",
    words: ["off", "on", "strict"],
  },
  {
    name: "who",
    usage: ["%who"],
    summary: "Lists the notebook's variables: type, bytes in memory and on the GPU, value.",
    details:
      "Bytes are those of buffers, arrays, text and blocks of the pool that a variable leads to; what " +
      "other objects take is not counted.",
    words: [],
  },
];

export interface Magic {
  name: string;
  /** What follows the name, without a comment at its end. */
  rest: string;
  /** Written with two signs: it means the whole cell. */
  whole: boolean;
  /** From 1. */
  line: number;
  /** Of its sign, in UTF-16 code units of the cell. */
  start: number;
}

export interface SplitCell {
  /** The cell with blanks in the place of its magics, so that places stay. */
  code: string;
  magics: readonly Magic[];
}

const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const LINE = /(%%?)([a-zA-Z]\w*)([^\n]*)/y;

/** Takes the magics out of a cell; those that there are not, too. */
export function splitMagics(source: string): SplitCell {
  const magics: Magic[] = [];
  let code = source;
  for (let at = 0; source.includes("%", at); ) {
    const start = at + matched(BLANK, source, at)![0].length;
    const found = matched(LINE, source, start);
    if (!found) break;
    const [line, sign, name, text] = found as unknown as [string, string, string, string];
    const rest = text.replace(/(?:^|\s)\/\/.*/, "").trim();
    magics.push({ name, rest, whole: sign.length > 1, line: lineOf(source, start), start });
    const isCode = rest !== "" && magicNamed(name)?.beforeCode === true;
    const taken = isCode ? line.slice(0, sign.length + name.length) : line;
    code = code.slice(0, start) + blank(taken) + code.slice(start + taken.length);
    if (isCode) break;
    at = start + line.length;
  }
  return { code, magics };
}

export function magicNamed(name: string): MagicInfo | undefined {
  return MAGICS.find((one) => one.name === name);
}

/** The magic that a mistyped name most likely means, if any is near. */
export function nearestMagic(name: string): string | undefined {
  return nearest(
    name,
    MAGICS.map((one) => one.name),
    2,
  );
}

function matched(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Characters outside the basic plane have no blank of their size: such a line becomes a comment. */
function blank(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? `//${text.slice(2)}` : " ".repeat(text.length);
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}
