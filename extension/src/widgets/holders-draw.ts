// Draws the tables' rows as bars, for a picture that is saved: the page itself shows them as a table.
import type { Pen } from "./pen.ts";
import type { Theme } from "./theme.ts";

/** One row; `share` is its bar's length, from 0 to 1. */
export interface HolderBar {
  colour: string;
  name: string;
  place: string;
  figures: string;
  share: number;
}

export const BAR_PITCH = 34;
const TEXT = 15;
const BAR = 8;

export function drawHolders(
  pen: Pen,
  width: number,
  theme: Theme,
  bars: readonly HolderBar[],
): void {
  pen.textBaseline = "top";
  for (const [i, { colour, name, place, figures, share }] of bars.entries()) {
    const y = i * BAR_PITCH;
    pen.font = theme.font;
    pen.textAlign = "right";
    pen.fillStyle = theme.text;
    pen.fillText(figures, width, y);
    const room = width - pen.measureText(figures).width - 12;
    pen.textAlign = "left";
    const shown = cut(pen, name, room);
    pen.fillText(shown, 0, y);
    const used = pen.measureText(shown).width + 8;
    pen.fillStyle = theme.dim;
    pen.fillText(cut(pen, place, room - used), used, y);
    pen.fillStyle = theme.free;
    pen.fillRect(0, y + TEXT, width, BAR);
    pen.fillStyle = colour;
    pen.fillRect(0, y + TEXT, Math.max(1, share * width), BAR);
  }
}

/** As much of a text as has room; nothing where there is room for no letter. */
function cut(pen: Pen, text: string, room: number): string {
  if (pen.measureText(text).width <= room) return text;
  let [some, many] = [0, text.length];
  while (some + 1 < many) {
    const middle = (some + many) >> 1;
    if (pen.measureText(`${text.slice(0, middle)}…`).width <= room) some = middle;
    else many = middle;
  }
  return some === 0 ? "" : `${text.slice(0, some).toWellFormed()}…`;
}
