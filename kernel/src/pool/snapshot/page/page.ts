// A snapshot as a page of its own: HTML with pictures in it, that needs no script, no kernel and no network.
// Styles stand on the elements, so that a notebook which takes out style sheets shows it as well.
import { escapeHtml, formatBytes } from "../../../base/index.ts";
import { HolderGroups } from "../../holder-groups.ts";
import { where } from "../history.ts";
import type { SnapshotData } from "../schema.ts";
import { type CellSpan, levelsOf } from "./levels.ts";
import { mapSvg } from "./map.ts";
import { COLOURS, cellColour } from "./svg.ts";
import { timelineSvg } from "./timeline.ts";

/** Rows of a table. */
const MOST_ROWS = 20;

type Cell = string | { bytes: number } | { cell: number };

/**
 * For a notebook's output. Its drawings are images: notebooks that are not trusted take out the elements of a
 * drawing, but not images.
 */
export function pageHtml(data: SnapshotData): string {
  return content(data, (drawing, label) => {
    const encoded = Buffer.from(drawing).toString("base64");
    return `<img alt="${escapeHtml(label)}" style="max-width:100%" src="data:image/svg+xml;base64,${encoded}">`;
  });
}

type Draw = (drawing: string, label: string) => string;

function content(data: SnapshotData, draw: Draw): string {
  const levels = levelsOf(data);
  const { picture, hidden } = mapSvg(data);
  const lost =
    data.eventsLost > 0 ? `${count(data.eventsLost)} older events were written over. ` : "";
  const more = hidden > 0 ? `The ${count(hidden)} smallest slabs are left out.` : "";
  const parts = [
    headline(data),
    numbers(data),
    heading("Timeline", `${lost}Each band is a cell; the dashed line is the highest level ever.`),
    draw(timelineSvg(data, levels), "Live and reserved bytes over time"),
    heading("Slabs", `Blocks in the colours of the cells that allocated them. ${more}`),
    draw(picture, "Slabs and the blocks in them"),
    heading("Who holds it", "Live blocks by tag, cell and line, largest first."),
    holdersTable(data),
    heading("Cells", "Live bytes before each cell, at its peak and after it."),
    cellsTable(levels.cells),
  ];
  const style = `font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;color:${COLOURS.text};background:#fff;padding:12px 16px;max-width:980px`;
  return `<div style="${style}">${parts.join("\n")}</div>`;
}

/** A file that a browser opens; in it drawings tell more to the pointer. */
export function pageFile(data: SnapshotData): string {
  const name = `GPU memory pool, ${new Date(data.time).toISOString()}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${name}</title></head>
<body style="margin:0">${content(data, (drawing) => drawing)}</body></html>
`;
}

function headline({ adapter, time, cell }: SnapshotData): string {
  const { name, software } = (adapter ?? {}) as { name?: string; software?: boolean };
  const facts = [
    name ?? "simulated memory",
    ...(software ? ["software adapter"] : []),
    `${new Date(time).toISOString().replace("T", " ").slice(0, 19)} UTC`,
    ...(cell === 0 ? [] : [`while cell [${cell}] ran`]),
  ];
  return `<div style="font-size:17px;font-weight:600">GPU memory pool</div>
<div style="color:${COLOURS.faint}">${facts.map((fact) => escapeHtml(String(fact))).join(" · ")}</div>`;
}

function numbers({ counts }: SnapshotData): string {
  const figures: [string, number][] = [
    ["live", counts.live],
    ["reserved", counts.reserved],
    ["peak", counts.peakLive],
    ["budget", counts.budget],
    ["spilled to host", counts.spilled],
    ["on disk", counts.disk],
    ["outside the pool", counts.outside],
  ];
  const shown = figures.filter(([, bytes], i) => i < 4 || bytes > 0);
  const boxes = shown.map(
    ([name, bytes]) =>
      `<td style="padding:6px 24px 6px 0;text-align:left;border:0"><div style="color:${COLOURS.faint}">${name}</div><div style="font-size:17px;font-weight:600">${formatBytes(bytes)}</div><div style="color:${COLOURS.faint};font-size:11px">${count(bytes)} bytes</div></td>`,
  );
  const full =
    counts.budget > 0 ? `${percent(counts.reserved / counts.budget)} of the budget reserved. ` : "";
  const holes = `${percent(counts.fragmentation)} of the free bytes are not in the largest hole.`;
  const blocks = `${count(counts.liveBlocks)} blocks in ${count(counts.slabs)} slabs; ${count(counts.allocations)} allocations, ${count(counts.frees)} frees.`;
  return `<table style="border-collapse:collapse;margin:6px 0">${row(boxes)}</table>
<div style="color:${COLOURS.faint}">${full}${holes} ${blocks}</div>`;
}

function heading(name: string, about: string): string {
  return `<div style="font-size:15px;font-weight:600;margin-top:18px">${name}</div>
<div style="color:${COLOURS.faint};margin-bottom:4px">${about}</div>`;
}

function holdersTable({ blocks }: SnapshotData): string {
  const groups = new HolderGroups();
  for (const [i, tag] of blocks.tag.entries()) {
    groups.add(tag, blocks.cell[i]!, blocks.line[i]!, blocks.size[i]!);
  }
  const rows = groups.sorted.map(({ tag, cell, line, blocks, bytes }): Cell[] => [
    tag || "(no tag)",
    { cell },
    where(cell, line),
    count(blocks),
    { bytes },
  ]);
  return table(["tag", "", "where", "blocks", "size", "bytes"], rows, "Nothing is live.");
}

function cellsTable(cells: readonly CellSpan[]): string {
  const rows = cells.map(({ cell, before, peak, after, allocated, freed, end }): Cell[] => [
    { cell },
    `cell [${cell}]${end === undefined ? ", running" : ""}`,
    { bytes: before },
    { bytes: peak },
    { bytes: after },
    { bytes: allocated },
    { bytes: freed },
  ]);
  const size = (name: string) => [name, "bytes"];
  const titles = ["", "cell", ...["before", "peak", "after", "allocated", "freed"].flatMap(size)];
  return table(titles, rows.reverse(), "No cell is among the events.");
}

function table(titles: readonly string[], rows: readonly Cell[][], empty: string): string {
  if (rows.length === 0) return `<div>${empty}</div>`;
  const head = titles.map(
    (name) =>
      `<th style="${CELL};font-weight:600;border-bottom:1px solid ${COLOURS.lines}">${name}</th>`,
  );
  const body = rows.slice(0, MOST_ROWS).map((cells) => row(cells.flatMap(cellHtml)));
  const rest = rows.length - body.length;
  const more =
    rest > 0 ? `<div style="color:${COLOURS.faint}">… and ${count(rest)} more</div>` : "";
  return `<table style="border-collapse:collapse">${row(head)}${body.join("")}</table>${more}`;
}

const CELL = "text-align:left;padding:2px 14px 2px 0;border:0";
const NUMBER = "text-align:right;padding:2px 14px 2px 0;border:0;white-space:nowrap";

function cellHtml(cell: Cell): string[] {
  if (typeof cell === "string") return [`<td style="${CELL}">${escapeHtml(cell)}</td>`];
  if ("cell" in cell) {
    const swatch = `display:inline-block;width:10px;height:10px;background:${cellColour(cell.cell)}`;
    return [`<td style="${CELL}"><span style="${swatch}"></span></td>`];
  }
  return [
    `<td style="${NUMBER}">${formatBytes(cell.bytes)}</td>`,
    `<td style="${NUMBER};color:${COLOURS.faint}">${count(cell.bytes)}</td>`,
  ];
}

const row = (cells: readonly string[]) => `<tr>${cells.join("")}</tr>`;
const count = (value: number) => value.toLocaleString("en");
const percent = (share: number) => `${Math.round(share * 100)} %`;
