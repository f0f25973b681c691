// The timeline of a page: live bytes as a filled line over the reserved ones, what was spilled, a band for each
// cell, marks, and the peak.
import { formatBytes } from "../../../base/index.ts";
import type { SnapshotData } from "../schema.ts";
import { type Level, type Levels, thinned } from "./levels.ts";
import { COLOURS, cellColour, short, svg, tag, text, title } from "./svg.ts";

const WIDTH = 960;
const HEIGHT = 260;
const AREA = { left: 70, right: 10, top: 30, bottom: 24 } as const;
/** A wait without any change is drawn at most so wide. */
const LONGEST_WAIT_MS = 3000;
/** Pixels that a band must have for its number. */
const LABELLED = 22;
const BAND = 16;

export function timelineSvg(data: SnapshotData, levels: Levels): string {
  const x = timeScale(levels);
  const { peakLive } = data.counts;
  const highest = (most: number, { live, reserved }: Level) => Math.max(most, live, reserved);
  const top = levels.levels.reduce(highest, Math.max(1, peakLive));
  const y = (bytes: number) =>
    HEIGHT - AREA.bottom - (bytes / top) * (HEIGHT - AREA.top - AREA.bottom);
  const drawn = thinned(levels.levels, (time) => Math.floor(x(time)));
  const parts = [
    bands(levels, x, data.time),
    grid(top, y),
    area(drawn, x, y, "reserved", COLOURS.reserved),
    area(drawn, x, y, "live", COLOURS.live),
    drawn.some(({ spilled }) => spilled > 0) ? line(drawn, x, y, "spilled", COLOURS.spilled) : "",
    peakLive > 0 ? peak(peakLive, y) : "",
    ...levels.marks.map(({ time, name }) => mark(x(time), name)),
    times(levels, x),
  ];
  const label = `Live and reserved bytes over time; the peak is ${formatBytes(peakLive)}`;
  return svg(WIDTH, HEIGHT, label, parts.join(""));
}

/** Milliseconds to pixels. Long waits are cut. */
function timeScale({ levels, cells, marks }: Levels): (time: number) => number {
  const times = [...levels, ...marks].map(({ time }) => time);
  for (const { begin, end } of cells) times.push(begin, ...(end === undefined ? [] : [end]));
  const stops = [...new Set(times)].sort((a, b) => a - b);
  const places = [0];
  for (let i = 1; i < stops.length; i++) {
    places.push(places[i - 1]! + Math.min(LONGEST_WAIT_MS, stops[i]! - stops[i - 1]!));
  }
  const scale = (WIDTH - AREA.left - AREA.right) / Math.max(places.at(-1)!, 1e-9);
  const at = new Map(stops.map((time, i) => [time, AREA.left + places[i]! * scale]));
  return (time) => at.get(time) ?? WIDTH - AREA.right;
}

function bands({ cells }: Levels, x: (time: number) => number, now: number): string {
  return cells
    .map(({ cell, begin, end, before, peak, after }) => {
      const from = x(begin);
      const width = Math.max(1, x(end ?? now) - from);
      const facts = [
        `cell [${cell}]${end === undefined ? ", running" : ""}`,
        `peak ${formatBytes(peak)} (${peak} bytes)`,
        `net ${formatBytes(after - before)} (${after - before} bytes)`,
      ];
      const colour = cellColour(cell);
      const box = { x: from, width };
      const label = `[${cell}]`;
      return tag(
        "g",
        {},
        title(facts.join(", ")) +
          tag("rect", { ...box, y: AREA.top - BAND, height: BAND - 3, fill: colour }) +
          tag("rect", {
            ...{ ...box, y: AREA.top, height: HEIGHT - AREA.top - AREA.bottom },
            ...{ fill: colour, "fill-opacity": 0.07 },
          }) +
          (width >= LABELLED
            ? text(from + 3, AREA.top - 6, label, { fill: "#fff", "font-size": 10 })
            : ""),
      );
    })
    .join("");
}

function grid(top: number, y: (bytes: number) => number): string {
  const step = 2 ** Math.ceil(Math.log2(top / 4));
  const lines: string[] = [];
  for (let bytes = 0; bytes <= top; bytes += Math.max(step, 1)) {
    const at = y(bytes);
    lines.push(
      tag("line", {
        ...{ x1: AREA.left, x2: WIDTH - AREA.right, y1: at, y2: at, stroke: COLOURS.lines },
      }),
      text(AREA.left - 6, at + 4, formatBytes(bytes), {
        ...{ "text-anchor": "end", fill: COLOURS.faint },
      }),
    );
  }
  return lines.join("");
}

type Which = "live" | "reserved" | "spilled";

/** Steps: a level holds until the next one. */
function steps(
  levels: readonly Level[],
  x: (time: number) => number,
  y: (bytes: number) => number,
  which: Which,
): string {
  const [first, ...rest] = levels;
  const points = rest.map((level) => `H${short(x(level.time))}V${short(y(level[which]))}`);
  return `M${short(x(first!.time))} ${short(y(first![which]))}${points.join("")}`;
}

function area(
  levels: readonly Level[],
  x: (time: number) => number,
  y: (bytes: number) => number,
  which: Which,
  fill: string,
): string {
  const path = `${steps(levels, x, y, which)}V${short(y(0))}H${short(x(levels[0]!.time))}Z`;
  return tag("path", { d: path, fill, "fill-opacity": which === "live" ? 0.75 : 0.9 });
}

function line(
  levels: readonly Level[],
  x: (time: number) => number,
  y: (bytes: number) => number,
  which: Which,
  stroke: string,
): string {
  return tag("path", { d: steps(levels, x, y, which), fill: "none", stroke, "stroke-width": 1.5 });
}

function peak(bytes: number, y: (bytes: number) => number): string {
  const at = y(bytes);
  const ends = { x1: AREA.left, x2: WIDTH - AREA.right, y1: at, y2: at };
  return (
    tag(
      "line",
      { ...ends, stroke: COLOURS.peak, "stroke-dasharray": "5 4" },
      title(`${bytes} bytes`),
    ) +
    text(WIDTH - AREA.right - 4, at - 4, `peak ${formatBytes(bytes)}`, {
      ...{ "text-anchor": "end", fill: COLOURS.peak },
    })
  );
}

function mark(at: number, name: string): string {
  const ends = { x1: at, x2: at, y1: AREA.top, y2: HEIGHT - AREA.bottom };
  return (
    tag(
      "line",
      { ...ends, stroke: COLOURS.text, "stroke-dasharray": "2 3" },
      title(`mark ${name}`),
    ) + text(at + 3, AREA.top + 11, name, { "font-size": 10 })
  );
}

function times({ levels }: Levels, x: (time: number) => number): string {
  const [first, last] = [levels[0]!.time, levels.at(-1)!.time];
  const clock = (time: number) => `${new Date(time).toISOString().slice(11, 23)} UTC`;
  const place = HEIGHT - 8;
  return (
    text(x(first), place, clock(first), { fill: COLOURS.faint }) +
    text(WIDTH - AREA.right, place, clock(last), { fill: COLOURS.faint, "text-anchor": "end" })
  );
}
