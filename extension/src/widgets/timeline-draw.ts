// Draws the timeline: a band for each cell, reserved bytes as a pale area, live bytes as a full one, spilled
// bytes as a line, the peak as a dashed one, marks with their names. Only drawing; the view decides which
// window is shown.
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { cellIndex } from "../model/colours.ts";
import { type Envelope, envelope, niceCeiling } from "../model/envelope.ts";
import type { PoolModel } from "../model/pool-model.ts";
import type { Pen } from "./pen.ts";
import type { Theme } from "./theme.ts";
import { drawAxis, type Window } from "./timeline-axis.ts";

export const BANDS = 18;
const AXIS = 17;
/** A mark's name is cut where it takes more. */
const NAME_PIXELS = 90;
/** More than fit into that. */
const NAME_LETTERS = 64;
/** Names that would overlap stand above each other, as far as there are rows. */
const NAME_ROWS = 3;
const NAME_HEIGHT = 13;

/** Draws `window` of the model into a picture of `width` × `height` pixels; returns what it drew. */
export function drawTimeline(
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
  model: PoolModel,
  window: Window,
  end: number,
): Envelope {
  const { from, to } = window;
  const bottom = height - AXIS;
  const x = (place: number) => ((place - from) / (to - from)) * width;
  pen.font = theme.font;
  const shape = envelope(model.timeline, from, to, Math.ceil(width), model.timeline.placeOf(end));
  const ceiling = niceCeiling(shape.most * 1.08);
  const y = (bytes: number) => bottom - (bytes / ceiling) * (bottom - BANDS - 4);
  drawCells(pen, width, bottom, theme, model, x, end);
  drawGrid(pen, width, theme, ceiling, y);
  pen.fillStyle = theme.reserved;
  fillSteps(pen, shape.highReserved, bottom, y);
  pen.fillStyle = theme.live;
  fillSteps(pen, shape.highLive, bottom, y);
  drawSpilled(pen, theme, shape.highSpilled, y);
  drawLabels(pen, theme, ceiling, y);
  drawPeak(pen, width, theme, model.numbers?.peakLive ?? 0, shape.highLive, y);
  drawMarks(pen, width, bottom, theme, model, x);
  drawAxis(pen, width, height, theme, model.timeline, window);
  return shape;
}

/** The stretch that is being chosen, the moment of the slab map, and where the pointer is. */
export function drawPointers(
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
  { from, to, cursor, brush, moment }: Window,
): void {
  const bottom = height - AXIS;
  const x = (place: number) => ((place - from) / (to - from)) * width;
  if (moment !== undefined) {
    pen.fillStyle = theme.brand;
    pen.fillRect(Math.round(x(moment)) - 1, BANDS, 2, bottom - BANDS);
  }
  if (cursor === undefined) return;
  const at = Math.round(x(cursor));
  pen.fillStyle = theme.text;
  pen.fillRect(at, BANDS, 1, bottom - BANDS);
  if (brush === undefined) return;
  const began = Math.round(x(brush));
  pen.fillStyle = theme.brand;
  pen.globalAlpha = 0.25;
  pen.fillRect(Math.min(began, at), BANDS, Math.abs(at - began), bottom - BANDS);
  pen.globalAlpha = 1;
}

/** A line where anything is spilled. */
function drawSpilled(
  pen: Pen,
  theme: Theme,
  values: Float64Array,
  y: (bytes: number) => number,
): void {
  pen.fillStyle = theme.spilled;
  let last = Number.NaN;
  for (let column = 0; column < values.length; column++) {
    const value = values[column]!;
    if (value > 0 || last > 0) {
      const top = y(value > 0 ? value : 0);
      const before = last > 0 ? y(last) : top;
      pen.fillRect(column, Math.min(top, before) - 1, 1, Math.abs(top - before) + 2);
    }
    last = value;
  }
}

/** A dotted line at each mark, with its name where there is room. */
function drawMarks(
  pen: Pen,
  width: number,
  bottom: number,
  theme: Theme,
  model: PoolModel,
  x: (place: number) => number,
): void {
  pen.strokeStyle = theme.text;
  pen.lineWidth = 1;
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  // Up to which pixel each row of names is taken.
  const taken = new Array<number>(NAME_ROWS).fill(Number.NEGATIVE_INFINITY);
  for (const { name, time } of model.marks) {
    const at = Math.round(x(model.timeline.placeOf(time))) + 0.5;
    if (at < 0 || at > width) continue;
    pen.setLineDash([1, 2]);
    pen.beginPath();
    pen.moveTo(at, BANDS);
    pen.lineTo(at, bottom);
    pen.stroke();
    pen.setLineDash([]);
    // Nothing is measured for marks that stand close together: there may be hundreds.
    if (taken.every((pixel) => at + 3 <= pixel)) continue;
    const text = shortened(pen, name);
    const size = pen.measureText(text).width;
    // Left of its line where there is no room to the right.
    const left = at + 3 + size > width ? at - 3 - size : at + 3;
    const row = taken.findIndex((pixel) => left > pixel);
    if (row < 0) continue;
    outlined(pen, text, left, bottom - 2 - row * NAME_HEIGHT, theme);
    taken[row] = left + size + 8;
  }
}

/** A name that takes at most NAME_PIXELS. */
function shortened(pen: Pen, name: string): string {
  const fits = (text: string) => pen.measureText(text).width <= NAME_PIXELS;
  if (name.length <= NAME_LETTERS && fits(name)) return name;
  let [some, many] = [1, Math.min(name.length, NAME_LETTERS)];
  while (some + 1 < many) {
    const middle = (some + many) >> 1;
    if (fits(`${name.slice(0, middle)}…`)) some = middle;
    else many = middle;
  }
  return `${name.slice(0, some).toWellFormed()}…`;
}

/** The area below the values, one a pixel, as one shape. */
function fillSteps(
  pen: Pen,
  values: Float64Array,
  bottom: number,
  y: (bytes: number) => number,
): void {
  pen.beginPath();
  let last = bottom;
  for (let column = 0; column <= values.length; column++) {
    const value = values[column] ?? 0;
    const top = value > 0 ? Math.min(y(value), bottom - 1) : bottom;
    if (top === last) continue;
    if (last === bottom) pen.moveTo(column, bottom);
    else pen.lineTo(column, last);
    pen.lineTo(column, top);
    last = top;
  }
  pen.fill();
}

function drawCells(
  pen: Pen,
  width: number,
  bottom: number,
  theme: Theme,
  model: PoolModel,
  x: (place: number) => number,
  end: number,
): void {
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  let labelled = Number.NEGATIVE_INFINITY;
  let covered = Number.NEGATIVE_INFINITY;
  for (const { cell, begin, end: done } of model.cells) {
    const left = x(model.timeline.placeOf(begin));
    if (left > width) break;
    const right = Math.max(left + 2, x(model.timeline.placeOf(done ?? end)));
    // Many short cells share a pixel: one of them stands for all.
    if (right < 0 || right < covered + 1) continue;
    covered = right;
    pen.fillStyle = theme.cells[cellIndex(cell)]!;
    pen.globalAlpha = 0.07;
    pen.fillRect(left, BANDS, right - left, bottom - BANDS);
    pen.globalAlpha = 1;
    pen.fillRect(left, 1, right - left - (right - left > 4 ? 1 : 0), 3);
    const centre = (Math.max(left, 0) + right) / 2;
    if (centre < labelled + 8) continue;
    const text = done === undefined ? `[${cell}] ▸` : `[${cell}]`;
    const half = pen.measureText(text).width / 2;
    const middle = Math.min(width - half, Math.max(half, centre));
    if (middle - half < labelled + 3) continue;
    pen.fillStyle = theme.text;
    pen.fillText(text, middle, 11);
    labelled = middle + half;
  }
}

function drawGrid(
  pen: Pen,
  width: number,
  theme: Theme,
  ceiling: number,
  y: (bytes: number) => number,
): void {
  pen.fillStyle = theme.grid;
  for (const share of [0, 0.5, 1]) pen.fillRect(0, Math.round(y(ceiling * share)), width, 1);
}

/** Values of the grid's lines, on top of the areas, with the background's colour around the letters. */
function drawLabels(pen: Pen, theme: Theme, ceiling: number, y: (bytes: number) => number): void {
  pen.textAlign = "left";
  pen.textBaseline = "top";
  for (const share of [0.5, 1]) {
    outlined(pen, formatBytes(ceiling * share), 3, y(ceiling * share) + 3, theme);
  }
}

function outlined(pen: Pen, text: string, x: number, y: number, theme: Theme): void {
  pen.strokeStyle = theme.background;
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.strokeText(text, x, y);
  pen.fillStyle = theme.text;
  pen.fillText(text, x, y);
}

/** A dashed line at the peak, where the peak is in the window. */
function drawPeak(
  pen: Pen,
  width: number,
  theme: Theme,
  peak: number,
  live: Float64Array,
  y: (bytes: number) => number,
): void {
  if (peak <= 0 || !live.some((value) => value >= peak)) return;
  const at = Math.round(y(peak)) - 0.5;
  pen.strokeStyle = theme.text;
  pen.lineWidth = 1;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.moveTo(0, at);
  pen.lineTo(width, at);
  pen.stroke();
  pen.setLineDash([]);
  pen.textAlign = "right";
  pen.textBaseline = at < BANDS + 16 ? "top" : "bottom";
  outlined(pen, `▲ ${formatBytes(peak)}`, width - 3, at + (at < BANDS + 16 ? 3 : -2), theme);
}
