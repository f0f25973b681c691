// Draws the timeline: a band for each cell, reserved bytes as a pale area, live bytes as a full one, spilled
// bytes as a line, the peak as a dashed one, marks with their names. Only drawing; the view decides which
// window is shown.
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { cellIndex } from "../model/colours.ts";
import { type Envelope, envelope, niceCeiling } from "../model/envelope.ts";
import type { PoolModel } from "../model/pool-model.ts";
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

type Context = CanvasRenderingContext2D;

/** Draws `window` of the model into a picture of `width` × `height` pixels; returns what it drew. */
export function drawTimeline(
  context: Context,
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
  context.font = theme.font;
  const shape = envelope(model.timeline, from, to, Math.ceil(width), model.timeline.placeOf(end));
  const ceiling = niceCeiling(shape.most * 1.08);
  const y = (bytes: number) => bottom - (bytes / ceiling) * (bottom - BANDS - 4);
  drawCells(context, width, bottom, theme, model, x, end);
  drawGrid(context, width, theme, ceiling, y);
  context.fillStyle = theme.reserved;
  fillSteps(context, shape.highReserved, bottom, y);
  context.fillStyle = theme.live;
  fillSteps(context, shape.highLive, bottom, y);
  drawSpilled(context, theme, shape.highSpilled, y);
  drawLabels(context, theme, ceiling, y);
  drawPeak(context, width, theme, model.numbers?.peakLive ?? 0, shape.highLive, y);
  drawMarks(context, width, bottom, theme, model, x);
  drawAxis(context, width, height, theme, model.timeline, window);
  drawPointers(context, bottom, theme, window, x);
  return shape;
}

/** The stretch that is being chosen, the moment of the slab map, and where the pointer is. */
function drawPointers(
  context: Context,
  bottom: number,
  theme: Theme,
  { cursor, brush, moment }: Window,
  x: (place: number) => number,
): void {
  if (moment !== undefined) {
    context.fillStyle = theme.brand;
    context.fillRect(Math.round(x(moment)) - 1, BANDS, 2, bottom - BANDS);
  }
  if (cursor === undefined) return;
  const at = Math.round(x(cursor));
  context.fillStyle = theme.text;
  context.fillRect(at, BANDS, 1, bottom - BANDS);
  if (brush === undefined) return;
  const from = Math.round(x(brush));
  context.fillStyle = theme.brand;
  context.globalAlpha = 0.25;
  context.fillRect(Math.min(from, at), BANDS, Math.abs(at - from), bottom - BANDS);
  context.globalAlpha = 1;
}

/** A line where anything is spilled. */
function drawSpilled(
  context: Context,
  theme: Theme,
  values: Float64Array,
  y: (bytes: number) => number,
): void {
  context.fillStyle = theme.spilled;
  let last = Number.NaN;
  for (let column = 0; column < values.length; column++) {
    const value = values[column]!;
    if (value > 0 || last > 0) {
      const top = y(value > 0 ? value : 0);
      const before = last > 0 ? y(last) : top;
      context.fillRect(column, Math.min(top, before) - 1, 1, Math.abs(top - before) + 2);
    }
    last = value;
  }
}

/** A dotted line at each mark, with its name where there is room. */
function drawMarks(
  context: Context,
  width: number,
  bottom: number,
  theme: Theme,
  model: PoolModel,
  x: (place: number) => number,
): void {
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  // Up to which pixel each row of names is taken.
  const taken = new Array<number>(NAME_ROWS).fill(Number.NEGATIVE_INFINITY);
  for (const { name, time } of model.marks) {
    const at = Math.round(x(model.timeline.placeOf(time))) + 0.5;
    if (at < 0 || at > width) continue;
    context.setLineDash([1, 2]);
    context.beginPath();
    context.moveTo(at, BANDS);
    context.lineTo(at, bottom);
    context.stroke();
    context.setLineDash([]);
    // Nothing is measured for marks that stand close together: there may be hundreds.
    if (taken.every((pixel) => at + 3 <= pixel)) continue;
    const text = shortened(context, name);
    const size = context.measureText(text).width;
    // Left of its line where there is no room to the right.
    const left = at + 3 + size > width ? at - 3 - size : at + 3;
    const row = taken.findIndex((pixel) => left > pixel);
    if (row < 0) continue;
    outlined(context, text, left, bottom - 2 - row * NAME_HEIGHT, theme);
    taken[row] = left + size + 8;
  }
}

/** A name that takes at most NAME_PIXELS. */
function shortened(context: Context, name: string): string {
  const fits = (text: string) => context.measureText(text).width <= NAME_PIXELS;
  if (name.length <= NAME_LETTERS && fits(name)) return name;
  let [some, many] = [1, Math.min(name.length, NAME_LETTERS)];
  while (some + 1 < many) {
    const middle = (some + many) >> 1;
    if (fits(`${name.slice(0, middle)}…`)) some = middle;
    else many = middle;
  }
  return `${name.slice(0, some).toWellFormed()}…`;
}

function fillSteps(
  context: Context,
  values: Float64Array,
  bottom: number,
  y: (bytes: number) => number,
): void {
  for (let column = 0; column < values.length; column++) {
    const value = values[column]!;
    if (Number.isNaN(value) || value <= 0) continue;
    const top = Math.min(y(value), bottom - 1);
    context.fillRect(column, top, 1, bottom - top);
  }
}

function drawCells(
  context: Context,
  width: number,
  bottom: number,
  theme: Theme,
  model: PoolModel,
  x: (place: number) => number,
  end: number,
): void {
  context.textAlign = "center";
  context.textBaseline = "middle";
  let labelled = Number.NEGATIVE_INFINITY;
  let covered = Number.NEGATIVE_INFINITY;
  for (const { cell, begin, end: done } of model.cells) {
    const left = x(model.timeline.placeOf(begin));
    if (left > width) break;
    const right = Math.max(left + 2, x(model.timeline.placeOf(done ?? end)));
    // Many short cells share a pixel: one of them stands for all.
    if (right < 0 || right < covered + 1) continue;
    covered = right;
    context.fillStyle = theme.cells[cellIndex(cell)]!;
    context.globalAlpha = 0.07;
    context.fillRect(left, BANDS, right - left, bottom - BANDS);
    context.globalAlpha = 1;
    context.fillRect(left, 1, right - left - (right - left > 4 ? 1 : 0), 3);
    const centre = (Math.max(left, 0) + right) / 2;
    if (centre < labelled + 8) continue;
    const text = done === undefined ? `[${cell}] ▸` : `[${cell}]`;
    const half = context.measureText(text).width / 2;
    const middle = Math.min(width - half, Math.max(half, centre));
    if (middle - half < labelled + 3) continue;
    context.fillStyle = theme.text;
    context.fillText(text, middle, 11);
    labelled = middle + half;
  }
}

function drawGrid(
  context: Context,
  width: number,
  theme: Theme,
  ceiling: number,
  y: (bytes: number) => number,
): void {
  context.fillStyle = theme.grid;
  for (const share of [0, 0.5, 1]) context.fillRect(0, Math.round(y(ceiling * share)), width, 1);
}

/** Values of the grid's lines, on top of the areas, with the background's colour around the letters. */
function drawLabels(
  context: Context,
  theme: Theme,
  ceiling: number,
  y: (bytes: number) => number,
): void {
  context.textAlign = "left";
  context.textBaseline = "top";
  for (const share of [0.5, 1]) {
    outlined(context, formatBytes(ceiling * share), 3, y(ceiling * share) + 3, theme);
  }
}

function outlined(context: Context, text: string, x: number, y: number, theme: Theme): void {
  context.strokeStyle = theme.background;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
}

/** A dashed line at the peak, where the peak is in the window. */
function drawPeak(
  context: Context,
  width: number,
  theme: Theme,
  peak: number,
  live: Float64Array,
  y: (bytes: number) => number,
): void {
  if (peak <= 0 || !live.some((value) => value >= peak)) return;
  const at = Math.round(y(peak)) - 0.5;
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(0, at);
  context.lineTo(width, at);
  context.stroke();
  context.setLineDash([]);
  context.textAlign = "right";
  context.textBaseline = at < BANDS + 16 ? "top" : "bottom";
  outlined(context, `▲ ${formatBytes(peak)}`, width - 3, at + (at < BANDS + 16 ? 3 : -2), theme);
}
