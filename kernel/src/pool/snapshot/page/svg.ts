// Pieces of SVG, in colours that are readable on white.
import { escapeHtml } from "../../../base/index.ts";

/** Of cells in turn; the first stands for code outside any cell. As in the panel. */
const CELLS = [
  ...["#8a8f98", "#4269d0", "#e0a100", "#e8604c", "#4fae9a"],
  ...["#a463f2", "#3ca951", "#e377a8", "#9c6b4e"],
];
export const COLOURS = {
  live: "#2c7fb8",
  reserved: "#c3dceb",
  spilled: "#9c6b4e",
  peak: "#b3261e",
  free: "#e6e9ec",
  text: "#33383d",
  faint: "#5f6670",
  lines: "#d5d9de",
} as const;

export const cellColour = (cell: number): string =>
  cell === 0 ? CELLS[0]! : CELLS[1 + ((cell - 1) % (CELLS.length - 1))]!;

type Attributes = Record<string, string | number>;

/** An element; `content` is markup already. */
export function tag(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes)
    .map(
      ([key, value]) => ` ${key}="${typeof value === "number" ? short(value) : escapeHtml(value)}"`,
    )
    .join("");
  return `<${name}${written}>${content}</${name}>`;
}

export const text = (x: number, y: number, words: string, attributes: Attributes = {}): string =>
  tag("text", { x, y, "font-size": 11, fill: COLOURS.text, ...attributes }, escapeHtml(words));

/** What a pointer is told. */
export const title = (words: string): string => `<title>${escapeHtml(words)}</title>`;

export const svg = (width: number, height: number, label: string, content: string): string =>
  tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": label,
      "font-family": "system-ui, sans-serif",
      style: "max-width:100%;height:auto;background:#fff",
    },
    content,
  );

/** At most two digits of a fraction. */
export const short = (value: number): string => String(Math.round(value * 100) / 100);
