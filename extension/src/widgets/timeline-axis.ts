// The timeline's axis: the times of the window's ends, and the waits that are drawn shorter than they were.
import { GAP_MS, type Timeline } from "../model/timeline.ts";
import { clock, duration } from "./dom.ts";
import type { Pen } from "./pen.ts";
import type { Theme } from "./theme.ts";

/** What is shown: places on the timeline's axis (milliseconds), and where the cursor is. */
export interface Window {
  from: number;
  to: number;
  cursor: number | undefined;
  /** Where a stretch that is being chosen began. */
  brush: number | undefined;
  /** What the slab map shows. */
  moment: number | undefined;
}

/** A wait's name needs about as many pixels. */
const LEAST_ROOM = 30;

/** The times of the window's ends, and a mark where a wait was drawn shorter than it was. */
export function drawAxis(
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
  line: Timeline,
  window: Window,
): void {
  const base = height - 3;
  pen.fillStyle = theme.dim;
  pen.textBaseline = "bottom";
  pen.textAlign = "left";
  const first = clock(line.timeOf(window.from));
  pen.fillText(first, 0, base);
  pen.textAlign = "right";
  const last = clock(line.timeOf(window.to));
  pen.fillText(last, width, base);
  drawWaits(pen, line, window, width, base, {
    from: pen.measureText(first).width + 6,
    to: width - pen.measureText(last).width - 6,
  });
}

/** Names the waits that were drawn shorter than they were, the newest first, where there is room. */
function drawWaits(
  pen: Pen,
  line: Timeline,
  { from, to }: Window,
  width: number,
  base: number,
  room: { from: number; to: number },
): void {
  pen.textAlign = "center";
  for (let i = line.length - 1; i > 0 && line.place[i]! > from; i--) {
    if (room.to - room.from < LEAST_ROOM) break;
    const wait = line.time[i]! - line.time[i - 1]!;
    if (wait <= GAP_MS * 1.5) continue;
    const text = `⋯ ${duration(wait)}`;
    const middle = (((line.place[i]! + line.place[i - 1]!) / 2 - from) / (to - from)) * width;
    const half = pen.measureText(text).width / 2;
    if (middle - half < room.from || middle + half > room.to) continue;
    pen.fillText(text, middle, base);
    room.to = middle - half - 6;
  }
}
