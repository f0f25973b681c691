// Saves a picture as it is shown, with a line that says what it is and the keys of its colours: as SVG, or
// painted as PNG.
import type { Pen } from "./pen.ts";
import type { Drawing, Picture } from "./picture.ts";
import { SvgPen } from "./svg-pen.ts";
import type { Theme } from "./theme.ts";

export type Format = "svg" | "png";
export const FORMATS: readonly Format[] = ["svg", "png"];

/** What is to be saved. */
export interface Shown {
  drawing: Drawing;
  /** Pixels. */
  width: number;
  height: number;
  theme: Theme;
  /** Lines above the picture: the first is its title. */
  lines: readonly string[];
  keys: readonly Key[];
}

/** What a colour stands for. */
export interface Key {
  colour: string;
  text: string;
}

/** Pixels of the PNG for each of the picture's. */
const SCALE = 2;
const MARGIN = 12;
const LINE = 16;
const BOX = 10;

/** Draws what is shown into a file of the browser's downloads. */
export async function savePicture(shown: Shown, format: Format, name: string): Promise<void> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d")!;
  const keys = placed(context, shown);
  const width = shown.width + 2 * MARGIN;
  const below = keys.length === 0 ? 0 : keys.at(-1)!.y + LINE + MARGIN / 2;
  const height = shown.lines.length * LINE + shown.height + below + 2.5 * MARGIN;
  if (format === "svg") {
    const pen = new SvgPen(context);
    compose(pen, shown, keys, width, height);
    const text = pen.document(width, height, shown.lines.join(" · "));
    download(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
    return;
  }
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  context.scale(SCALE, SCALE);
  compose(context, shown, keys, width, height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new Error(`a picture of ${canvas.width} × ${canvas.height} pixels is too large`);
  download(blob, `${name}.png`);
}

interface PlacedKey extends Key {
  x: number;
  y: number;
}

/** The keys side by side, as many lines as they need. */
function placed(pen: Pen, { keys, width, theme }: Shown): PlacedKey[] {
  pen.font = theme.font;
  let [x, y] = [0, 0];
  return keys.map((key) => {
    const size = BOX + 5 + pen.measureText(key.text).width + 12;
    if (x > 0 && x + size > width) [x, y] = [0, y + LINE];
    const place = { ...key, x, y };
    x += size;
    return place;
  });
}

function compose(
  pen: Pen,
  { drawing, width, height, theme, lines }: Shown,
  keys: readonly PlacedKey[],
  fullWidth: number,
  fullHeight: number,
): void {
  pen.fillStyle = theme.background;
  pen.fillRect(0, 0, fullWidth, fullHeight);
  pen.translate(MARGIN, MARGIN);
  pen.textAlign = "left";
  pen.textBaseline = "top";
  for (const [i, line] of lines.entries()) {
    pen.font = i === 0 ? `bold ${theme.font}` : theme.font;
    pen.fillStyle = i === 0 ? theme.text : theme.dim;
    pen.fillText(line, 0, i * LINE);
  }
  pen.translate(0, lines.length * LINE + MARGIN / 2);
  drawing.base(pen, width, height, theme);
  drawing.over(pen, width, height, theme);
  pen.translate(0, height + MARGIN / 2);
  pen.font = theme.font;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  for (const { colour, text, x, y } of keys) {
    pen.fillStyle = colour;
    pen.fillRect(x, y + (LINE - BOX) / 2, BOX, BOX);
    pen.fillStyle = theme.text;
    pen.fillText(text, x + BOX + 5, y + LINE / 2);
  }
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the address by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** What a picture of the page shows. */
export function shownOf(
  { drawing, width, height, theme }: Picture,
  lines: readonly string[],
  keys: readonly Key[],
): Shown {
  return { drawing, width, height, theme, keys, lines: lines.filter((line) => line !== "") };
}

/** The keys of a legend in the page: boxes with texts behind them. */
export function keysOf(legend: Element): Key[] {
  return [...legend.querySelectorAll<HTMLElement>("span:not([hidden])")].flatMap((span) => {
    const box = span.querySelector("i");
    if (!box) return [];
    return [{ colour: getComputedStyle(box).backgroundColor, text: span.textContent ?? "" }];
  });
}
