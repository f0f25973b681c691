// A pen that writes SVG. Texts stay texts; they are measured by a canvas, and placed by its metrics, since
// programs differ in what they make of SVG's own base lines.
import type { Pen } from "./pen.ts";

const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: "middle", right: "end" };
const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export class SvgPen implements Pen {
  fillStyle: Pen["fillStyle"] = "#000";
  strokeStyle: Pen["strokeStyle"] = "#000";
  globalAlpha = 1;
  lineWidth = 1;
  lineJoin: CanvasLineJoin = "miter";
  font = "10px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";
  readonly #parts: string[] = [];
  readonly #measuring: CanvasRenderingContext2D;
  #path = "";
  #dashes: number[] = [];
  #left = 0;
  #top = 0;

  /** `measuring` measures texts and knows colours; it is not drawn on. */
  constructor(measuring: CanvasRenderingContext2D) {
    this.#measuring = measuring;
  }

  /** What was drawn, as a document of `width` × `height` pixels. */
  document(width: number, height: number, title: string): string {
    const [w, h] = [short(width), short(height)];
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">`;
    return [head, `<title>${escaped(title)}</title>`, ...this.#parts, "</svg>\n"].join("\n");
  }

  translate(x: number, y: number): void {
    this.#left += x;
    this.#top += y;
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    if (width <= 0 || height <= 0) return;
    this.#parts.push(`<rect ${this.#box(x, y, width, height)} ${this.#filled()}/>`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#parts.push(`<rect ${this.#box(x, y, width, height)} ${this.#stroked()}/>`);
  }

  beginPath(): void {
    this.#path = "";
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${this.#point(x, y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${this.#point(x, y)}`;
  }

  fill(): void {
    if (this.#path) this.#parts.push(`<path d="${this.#path}" ${this.#filled()}/>`);
  }

  stroke(): void {
    if (this.#path) this.#parts.push(`<path d="${this.#path}" ${this.#stroked()}/>`);
  }

  setLineDash(dashes: Iterable<number>): void {
    this.#dashes = [...dashes];
  }

  measureText(text: string): TextMetrics {
    this.#measuring.font = this.font;
    return this.#measuring.measureText(text);
  }

  fillText(text: string, x: number, y: number): void {
    this.#text(text, x, y, this.#filled());
  }

  strokeText(text: string, x: number, y: number): void {
    this.#text(text, x, y, this.#stroked());
  }

  #text(text: string, x: number, y: number, paint: string): void {
    const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = this.measureText(text);
    const down = { bottom: -below, top: above, middle: (above - below) / 2 } as const;
    const base = y + (down[this.textBaseline as keyof typeof down] ?? 0);
    const anchor = ANCHORS[this.textAlign];
    const aligned = anchor ? ` text-anchor="${anchor}"` : "";
    const at = `x="${short(this.#left + x)}" y="${short(this.#top + base)}"`;
    // As CSS, which knows a font's short form.
    const style = `style="font: ${escaped(this.font)}"`;
    this.#parts.push(`<text ${at} ${style}${aligned} ${paint}>${escaped(text)}</text>`);
  }

  #point(x: number, y: number): string {
    return `${short(this.#left + x)} ${short(this.#top + y)}`;
  }

  #box(x: number, y: number, width: number, height: number): string {
    const at = `x="${short(this.#left + x)}" y="${short(this.#top + y)}"`;
    return `${at} width="${short(width)}" height="${short(height)}"`;
  }

  #filled(): string {
    return this.#paint("fill", this.fillStyle);
  }

  #stroked(): string {
    const dash = this.#dashes.length > 0 ? ` stroke-dasharray="${this.#dashes.join(" ")}"` : "";
    const width = `stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"`;
    return `fill="none" ${this.#paint("stroke", this.strokeStyle)} ${width}${dash}`;
  }

  /** Programs that know no alpha in colours, or no colour functions, are given both apart. */
  #paint(what: "fill" | "stroke", style: Pen["fillStyle"]): string {
    this.#measuring.fillStyle = style;
    const colour = String(this.#measuring.fillStyle);
    const [, red, green, blue, alpha] =
      /^rgba\((\d+), (\d+), (\d+), ([\d.]+)\)$/.exec(colour) ?? [];
    const solid = alpha === undefined ? colour : `rgb(${red}, ${green}, ${blue})`;
    const opacity = this.globalAlpha * Number(alpha ?? 1);
    return `${what}="${solid}"${opacity < 1 ? ` ${what}-opacity="${short(opacity)}"` : ""}`;
  }
}

/** A number with at most two digits behind the point. */
const short = (value: number): string => String(Math.round(value * 100) / 100);
/** XML has no control characters but tab and the ends of lines. */
const escaped = (text: string): string =>
  text
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .toWellFormed()
    .replace(/[&<>"]/g, (found) => ESCAPES[found]!);
