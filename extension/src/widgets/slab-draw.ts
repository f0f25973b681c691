// Draws the slab map: strips with their words, blocks in their colours, and the block that is pointed at.
import type { SlabLayout, Strip } from "../model/slab-layout.ts";
import { type Box, type Raster, type Row, rowBoxes } from "../model/slab-raster.ts";
import type { Pen } from "./pen.ts";
import type { Theme } from "./theme.ts";

/** Fills strips, their words and their blocks; `palette` has the colours that the raster's indices mean. */
export function drawSlabs(
  pen: Pen,
  theme: Theme,
  { strips }: SlabLayout,
  raster: Raster,
  palette: readonly string[],
  words: (strip: Strip) => string,
): void {
  pen.font = theme.font;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  for (const strip of strips) {
    pen.fillStyle = theme.free;
    pen.fillRect(strip.x, strip.y, strip.width, strip.height);
    if (strip.textY === undefined) continue;
    pen.fillStyle = theme.dim;
    pen.fillText(words(strip), strip.x, strip.textY);
  }
  fillBoxes(pen, raster.boxes, palette);
  if (pen instanceof CanvasRenderingContext2D) paintRows(pen, raster.rows, palette);
  else fillBoxes(pen, rowBoxes(raster.rows), palette);
}

/** A frame around what is pointed at: pixels. */
export function drawChosen(pen: Pen, theme: Theme, strip: Strip, x: number, width: number): void {
  pen.strokeStyle = theme.text;
  pen.lineWidth = 2;
  pen.strokeRect(x - 1, strip.y - 1, Math.max(width, 2) + 1, strip.height + 2);
}

function fillBoxes(pen: Pen, boxes: readonly Box[], palette: readonly string[]): void {
  for (const { x, y, width, height, colour, alpha } of boxes) {
    pen.globalAlpha = alpha;
    pen.fillStyle = palette[colour]!;
    pen.fillRect(x, y, width, height);
  }
  pen.globalAlpha = 1;
}

/** The same as boxes of one pixel's width would look, in one image a row: there may be thousands of columns. */
function paintRows(
  context: CanvasRenderingContext2D,
  rows: readonly Row[],
  palette: readonly string[],
): void {
  const width = Math.max(0, ...rows.map(({ alpha }) => alpha.length));
  if (width === 0) return;
  const image = new OffscreenCanvas(Math.max(width, palette.length), rows.length);
  const pen = image.getContext("2d")!;
  const colours = pixelsOf(pen, palette);
  const data = pen.createImageData(width, rows.length);
  const pixels = new Uint32Array(data.data.buffer);
  for (const [i, { colour, alpha }] of rows.entries()) {
    for (let column = 0; column < alpha.length; column++) {
      if (alpha[column] === 0) continue;
      pixels[i * width + column] = colours[colour[column]!]!;
      data.data[(i * width + column) * 4 + 3]! *= alpha[column]!;
    }
  }
  pen.putImageData(data, 0, 0);
  const smooth = context.imageSmoothingEnabled;
  context.imageSmoothingEnabled = false;
  for (const [i, { strip, alpha }] of rows.entries()) {
    const { x, y, height } = strip;
    context.drawImage(image, 0, i, alpha.length, 1, x, y, alpha.length, height);
  }
  context.imageSmoothingEnabled = smooth;
}

/** The colours as an image has them. */
function pixelsOf(pen: OffscreenCanvasRenderingContext2D, palette: readonly string[]): Uint32Array {
  for (const [i, colour] of palette.entries()) {
    pen.fillStyle = colour;
    pen.fillRect(i, 0, 1, 1);
  }
  const { data } = pen.getImageData(0, 0, palette.length, 1);
  return new Uint32Array(data.buffer);
}
