// Draws the timeline: a band for each cell, reserved bytes as a pale area, live bytes as a full one, the
// peak as a dashed line, waits without changes as marks on the time axis. Only drawing; the view decides
// which window is shown.
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { cellIndex } from "../model/colours.ts";
import { envelope, niceCeiling } from "../model/envelope.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { GAP_MS } from "../model/timeline.ts";
import { clock, duration } from "./dom.ts";
import type { Theme } from "./theme.ts";

/** What is shown: places on the timeline's axis (milliseconds), and where the cursor is. */
export interface Window {
  from: number;
  to: number;
  cursor: number | undefined;
}

export const BANDS = 18;
const AXIS = 17;

type Context = CanvasRenderingContext2D;

/** Draws `window` of the model into a picture of `width` × `height` pixels. */
export function drawTimeline(
  context: Context,
  width: number,
  height: number,
  theme: Theme,
  model: PoolModel,
  window: Window,
  end: number,
): void {
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
  drawLabels(context, theme, ceiling, y);
  drawPeak(context, width, theme, model.numbers?.peakLive ?? 0, shape.highLive, y);
  drawAxis(context, width, height, theme, model, window);
  if (window.cursor !== undefined) {
    context.fillStyle = theme.text;
    context.fillRect(Math.round(x(window.cursor)), BANDS, 1, bottom - BANDS);
  }
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
  for (const { cell, begin, end: done } of model.cells) {
    const left = x(model.timeline.placeOf(begin));
    const right = Math.max(left + 2, x(model.timeline.placeOf(done ?? end)));
    if (right < 0) continue;
    const colour = theme.cells[cellIndex(cell)]!;
    context.fillStyle = colour;
    context.globalAlpha = 0.07;
    context.fillRect(left, BANDS, right - left, bottom - BANDS);
    context.globalAlpha = 1;
    context.fillRect(left, 1, right - left - (right - left > 4 ? 1 : 0), 3);
    const text = done === undefined ? `[${cell}] ▸` : `[${cell}]`;
    const half = context.measureText(text).width / 2;
    const middle = Math.min(width - half, Math.max(half, (Math.max(left, 0) + right) / 2));
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

/** The times of the window's ends, and a mark where a wait was drawn shorter than it was. */
function drawAxis(
  context: Context,
  width: number,
  height: number,
  theme: Theme,
  model: PoolModel,
  window: Window,
): void {
  const line = model.timeline;
  const base = height - 3;
  context.fillStyle = theme.dim;
  context.textBaseline = "bottom";
  context.textAlign = "left";
  const first = clock(line.timeOf(window.from));
  context.fillText(first, 0, base);
  context.textAlign = "right";
  const last = clock(line.timeOf(window.to));
  context.fillText(last, width, base);
  drawWaits(context, model.timeline, window, width, base, {
    from: context.measureText(first).width + 6,
    to: width - context.measureText(last).width - 6,
  });
}

/** Names the waits that were drawn shorter than they were, the newest first, where there is room. */
function drawWaits(
  context: Context,
  line: PoolModel["timeline"],
  { from, to }: Window,
  width: number,
  base: number,
  room: { from: number; to: number },
): void {
  context.textAlign = "center";
  for (let i = line.length - 1; i > 0 && line.place[i]! > from; i--) {
    const wait = line.time[i]! - line.time[i - 1]!;
    if (wait <= GAP_MS * 1.5) continue;
    const text = `⋯ ${duration(wait)}`;
    const middle = (((line.place[i]! + line.place[i - 1]!) / 2 - from) / (to - from)) * width;
    const half = context.measureText(text).width / 2;
    if (middle - half < room.from || middle + half > room.to) continue;
    context.fillText(text, middle, base);
    room.to = middle - half - 6;
  }
}
