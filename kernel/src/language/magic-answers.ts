// Completion and inspection of magics, and how the generated code calls them.
import { MAGICS, type Magic, type MagicInfo, magicNamed, nearestMagic } from "../base/index.ts";
import type { Completion } from "./completion.ts";
import { codePointsBefore, offsetFromCodePoints, positionAt } from "./positions.ts";
import { RUNTIME } from "./runtime-names.ts";
import { CellSyntaxError } from "./syntax-error.ts";

/** Those that finish later than they return. */
const LATE = new Set(["npm"]);

/** A magic's line up to the cursor, with nothing but blanks, comments and magics before it. */
const HEAD =
  /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|%%?[a-zA-Z]\w*[^\n]*\n)*(%%?)([a-zA-Z]?\w*)(?:([^\n\S]+)(?:[^\n]*[^\n\S])?(\S*))?$/;

/** Content of complete_reply where the cursor is in a magic, else undefined. */
export function completeMagic(source: string, cursor: number): Completion | undefined {
  const offset = offsetFromCodePoints(source, cursor);
  const found = HEAD.exec(source.slice(0, offset));
  if (!found) return undefined;
  const [, sign, name, gap, word] = found as unknown as [string, string, string, string?, string?];
  const magic = magicNamed(name);
  if (gap !== undefined && (!magic || magic.beforeCode)) return undefined;
  const typed = gap === undefined ? sign + name : word!;
  const all = gap === undefined ? signed(sign) : magic!.words;
  const start = codePointsBefore(source, offset - typed.length);
  const end = codePointsBefore(source, offset);
  const matches = all.filter((one) => one.startsWith(typed) && one !== typed);
  const types = matches.map((text) => ({ start, end, text, type: "keyword" }));
  return {
    status: "ok",
    matches,
    cursor_start: start,
    cursor_end: end,
    metadata: { _jupyter_types_experimental: types },
  };
}

const signed = (sign: string) =>
  MAGICS.filter(({ beforeCode }) => sign === "%" || beforeCode).map(({ name }) => sign + name);

/** Content of inspect_reply where the cursor is in the name of a magic, else undefined. */
export function inspectMagic(
  magics: readonly Magic[],
  source: string,
  cursor: number,
): Record<string, unknown> | undefined {
  const offset = offsetFromCodePoints(source, cursor);
  const at = magics.find(({ name, whole, start }) => {
    return offset >= start && offset <= start + name.length + (whole ? 2 : 1);
  });
  const magic = at && magicNamed(at.name);
  if (!magic) return undefined;
  const data = { "text/plain": plain(magic), "text/markdown": magicMarkdown(magic) };
  return { status: "ok", found: true, data, metadata: {} };
}

const plain = ({ usage, summary, details }: MagicInfo) =>
  [usage.join("\n"), summary, details].join("\n\n");

const magicMarkdown = ({ usage, summary, details }: MagicInfo) =>
  [`\`\`\`\n${usage.join("\n")}\n\`\`\``, summary, details].join("\n\n");

const SHELL = 'Commands of the shell: import { execSync } from "node:child_process".';
/** Magics of other kernels, and what does the same here. */
const ELSEWHERE: Record<string, string> = {
  bash: SHELL,
  cd: 'process.chdir("…") changes the folder.',
  conda: "%npm install brings packages.",
  env: "process.env holds the environment.",
  html: 'html`…` from "cenote" shows HTML.',
  latex: 'latex`…` from "cenote" shows formulas.',
  markdown: 'markdown`…` from "cenote" shows Markdown.',
  pip: "%npm install brings packages.",
  pwd: "process.cwd() tells the folder.",
  run: 'import "./file.ts" runs a file.',
  sh: SHELL,
  svg: 'svg`…` from "cenote" shows drawings.',
  system: SHELL,
  writefile: 'Files are written by "node:fs".',
};

/** Throws CellSyntaxError at the first magic that there is not. */
export function checkMagics(source: string, magics: readonly Magic[]): void {
  for (const { name, whole, start } of magics) {
    const known = magicNamed(name);
    if (known && (!whole || known.beforeCode)) continue;
    const near = known?.name ?? nearestMagic(name);
    const meant = near ? `Did you mean %${near}? ` : other(name);
    const sign = whole ? "%%" : "%";
    throw new CellSyntaxError(
      `There is no magic ${sign}${name}`,
      positionAt(source, start),
      `${meant}%help shows those that there are.`,
    );
  }
}

const other = (name: string): string =>
  Object.hasOwn(ELSEWHERE, name) ? `${ELSEWHERE[name]} ` : "";

/** Whether the cell must wait for one of them. */
export const awaitsMagic = (magics: readonly Magic[]): boolean =>
  magics.some(({ name }) => LATE.has(name));

/** What stands around the code of a cell with magics. */
export function aroundCell(
  magics: readonly Magic[],
  id: number,
): { before: string; after: string } {
  const calls = magics
    .filter((magic) => magic.name !== "time")
    .map(({ name, rest }) => {
      const call = `${RUNTIME}.magic(${JSON.stringify(name)}, ${JSON.stringify(rest)})`;
      return LATE.has(name) ? `await ${RUNTIME}.wait(${id}, ${call}); ` : `${call}; `;
    });
  if (!magics.some(timesCell)) return { before: calls.join(""), after: "" };
  return {
    before: `${calls.join("")}${RUNTIME}.time(${id}); try { `,
    after: `\n} finally { ${RUNTIME}.timed(${id}); }`,
  };
}

const timesCell = ({ name, whole, rest }: Magic) => name === "time" && (whole || rest === "");

/** The line of the one statement that is to be timed, if any. */
export const timedLine = (magics: readonly Magic[]): number | undefined =>
  magics.find((magic) => magic.name === "time" && !timesCell(magic))?.line;
