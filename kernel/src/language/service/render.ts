// Errors of types as a notebook shows them: quietly, each with its place and its line marked.
import { escapeHtml, type MimeBundle } from "../../base/index.ts";
import { lineStarts, markedSource, positionAt } from "../positions.ts";
import type { CellError } from "./diagnose.ts";
import { tidy } from "./inspect.ts";
import type { CellModule } from "./notebook.ts";

const MAX_SHOWN = 10;
const AROUND = 0;

/** `refused`: the cell was not run because of them. */
export function renderErrors(cell: CellModule, errors: CellError[], refused: boolean): MimeBundle {
  const count = `${errors.length} error${errors.length === 1 ? "" : "s"} of types`;
  const title = `${cell.label}: ${count}${refused ? "." : ""}`;
  const note = refused
    ? "The cell was not run (%types on runs it all the same)."
    : "(%types off hides this)";
  const more = errors.length - MAX_SHOWN;
  const rest = more > 0 ? `… and ${more} more` : "";
  const shown = errors.slice(0, MAX_SHOWN);
  return {
    "text/plain": [`${title} ${note}`, ...shown.map((one) => plain(cell, one)), rest]
      .filter(Boolean)
      .join("\n"),
    "text/html": html(title, note, shown.map((one) => block(cell, one)).join(""), rest),
  };
}

function plain(cell: CellModule, error: CellError): string {
  const at = positionAt(cell.source, error.start);
  const message = tidy(error.message).replaceAll("\n", "\n  ");
  const marked = markedSource(cell.source, at, AROUND).replace(/^/gm, "    ");
  return `  line ${at.line}:${at.column}  ${message}  (TS${error.code})\n${marked}`;
}

function html(title: string, note: string, blocks: string, rest: string): string {
  return (
    `<div class="cenote-types" style="border-left: 3px solid var(--jp-warn-color1, #e8a33d); ` +
    `padding: 2px 10px; font-size: var(--jp-code-font-size, 13px)">` +
    `<div style="color: var(--jp-ui-font-color2, #777)">${escapeHtml(title)} ${escapeHtml(note)}</div>` +
    `${blocks}${rest ? `<div>${escapeHtml(rest)}</div>` : ""}</div>`
  );
}

function block(cell: CellModule, error: CellError): string {
  const at = positionAt(cell.source, error.start);
  const begin = lineStarts(cell.source)[at.line - 1]!;
  const line = cell.source.slice(begin).split("\n", 1)[0]!;
  const from = error.start - begin;
  const to = Math.min(line.length, Math.max(from + error.length, from + 1));
  const mark =
    "text-decoration: underline wavy var(--jp-error-color1, #d32f2f); text-underline-offset: 2px";
  const code =
    escapeHtml(line.slice(0, from)) +
    `<span style="${mark}">${escapeHtml(line.slice(from, to))}</span>${escapeHtml(line.slice(to))}`;
  const [first, ...others] = tidy(error.message).split("\n");
  return (
    `<div style="margin: 4px 0">line ${at.line}:${at.column} <b>${escapeHtml(first!)}</b> ` +
    `<span style="color: var(--jp-ui-font-color3, #999)">TS${error.code}</span>` +
    others.map((text) => `<div style="padding-left: 1em">${escapeHtml(text)}</div>`).join("") +
    `<pre style="margin: 2px 0 0; padding-bottom: 4px">${code}</pre></div>`
  );
}
