// Rich output from a cell: `display` shows any value as a result would be shown; the others say by what
// MIME type a text or bytes are meant.
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import {
  CenoteError,
  chartType,
  clearOutput,
  DISPLAY,
  type Formatted,
  formatForDisplay,
  type MimeBundle,
  markupOf,
  publishDisplay,
  showInPager,
} from "../base/index.ts";

const VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json";
/** Of the text that stands in where a frontend can't show more. */
const TEXT_LIMITS = { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 } as const;

/** Something that was shown and can be replaced where it stands. */
export class Displayed {
  readonly displayId: string;
  /** Resolves once it is shown; a cell waits for that by itself before it ends. */
  readonly shown: Promise<void>;

  constructor(displayId: string, shown: Promise<void> | undefined) {
    this.displayId = displayId;
    this.shown = shown ?? Promise.resolve();
  }

  /** Shows another value in its place. */
  update(value: unknown): Displayed {
    return updateDisplay(this.displayId, value);
  }

  /** A cell that ends with `display(x)` shows x once. */
  [DISPLAY](): MimeBundle {
    return {};
  }
}

/**
 * Shows a value as a cell's result would be shown. An object with a method `Symbol.for("Jupyter.display")`,
 * which may be asynchronous, says itself how.
 */
export function display(value: unknown, options: { displayId?: string } = {}): Displayed {
  const displayId = options.displayId ?? randomUUID();
  return new Displayed(displayId, publish(value, displayId, false));
}

/** Replaces what was shown under this id. */
export function updateDisplay(displayId: string, value: unknown): Displayed {
  return new Displayed(displayId, publish(value, displayId, true));
}

/** Clears what the cell has shown so far; with `wait`, when the next output comes, so that nothing flickers. */
export function clear(options: { wait?: boolean } = {}): void {
  clearOutput(options.wait ?? false);
}

/** Shows a value beside the notebook, where the frontend has a pager. */
export function page(value: unknown): void {
  const formatted = formatForDisplay(value);
  if (formatted instanceof Promise) void formatted.then(showInPager);
  else showInPager(formatted);
}

/** Values that are shown by these MIME types; `display` them, or end a cell with them. */
export class Rich {
  readonly bundle: MimeBundle;
  /** By MIME type, as Jupyter has it, e.g. { "image/png": { width: 300 } }. */
  readonly metadata: Record<string, unknown>;

  constructor(bundle: MimeBundle, metadata: Record<string, unknown> = {}) {
    this.bundle = bundle;
    this.metadata = metadata;
  }

  [DISPLAY](): [MimeBundle, Record<string, unknown>] {
    return [this.bundle, this.metadata];
  }

  /** The markup, or the text that stands for it. */
  toString(): string {
    return markupOf(this) ?? String(this.bundle["text/plain"]);
  }
}

/** A string, or a template: html`<b>${name}</b>`. Elements and lists of them stand in it as markup. */
type Text = string | TemplateStringsArray;

export function html(source: Text, ...values: unknown[]): Rich {
  const text = textOf(source, values);
  return new Rich({ "text/html": text, "text/plain": "[HTML]" });
}

export function markdown(source: Text, ...values: unknown[]): Rich {
  const text = textOf(source, values);
  return new Rich({ "text/markdown": text, "text/plain": text });
}

export function svg(source: Text, ...values: unknown[]): Rich {
  const text = textOf(source, values);
  return new Rich({ "image/svg+xml": text, "text/plain": "[SVG]" });
}

/** A template is taken as it is written, with its backslashes: latex`\frac{1}{${n}}`. */
export function latex(source: Text, ...values: unknown[]): Rich {
  const text = typeof source === "string" ? source : String.raw(source, ...values);
  return new Rich({ "text/latex": text, "text/plain": text });
}

/** How large a picture is shown, in CSS pixels. */
export interface PictureSize {
  width?: number;
  height?: number;
}

/** Bytes of a PNG file, or their base64. */
export function png(bytes: Uint8Array | ArrayBuffer | string, size?: PictureSize): Rich {
  return picture("image/png", bytes, size);
}

/** Bytes of a JPEG file, or their base64. */
export function jpeg(bytes: Uint8Array | ArrayBuffer | string, size?: PictureSize): Rich {
  return picture("image/jpeg", bytes, size);
}

/**
 * A chart by its specification. One that names no `$schema` is taken for Vega-Lite. An object with a
 * method `toSpec`, as builders of specifications have it, is asked for its own. Throws NO_CHART.
 */
export function vega(spec: object): Rich {
  const given = spec as { toSpec?: () => object };
  const own = typeof given.toSpec === "function" ? given.toSpec() : spec;
  const whole = { $schema: VEGA_LITE, ...own };
  const type = chartType(whole.$schema);
  if (!type) {
    throw new CenoteError(
      "NO_CHART",
      `vega(): wanted a $schema of Vega or Vega-Lite, found ${JSON.stringify(whole.$schema)}`,
      { mend: `For instance: ${VEGA_LITE}` },
    );
  }
  return new Rich({ [type]: whole, "text/plain": inspect(whole, TEXT_LIMITS) });
}

/** A value as a tree that the frontend lets you unfold. It must survive JSON. */
export function json(value: unknown): Rich {
  return new Rich({ "application/json": value, "text/plain": inspect(value, TEXT_LIMITS) });
}

/** Any bundle by MIME type. */
export function mime(bundle: MimeBundle): Rich {
  return new Rich(bundle);
}

function publish(value: unknown, displayId: string, update: boolean): Promise<void> | undefined {
  const send = ({ data, metadata }: Formatted) =>
    publishDisplay({ data, metadata, displayId, update });
  const formatted = formatForDisplay(value);
  if (formatted instanceof Promise) return formatted.then(send);
  send(formatted);
  return undefined;
}

function textOf(source: Text, values: unknown[]): string {
  return typeof source === "string" ? source : String.raw({ raw: source }, ...values.map(partText));
}

function partText(value: unknown): string {
  return Array.isArray(value) ? value.map(partText).join("") : (markupOf(value) ?? String(value));
}

function picture(
  type: string,
  bytes: Uint8Array | ArrayBuffer | string,
  size: PictureSize | undefined,
): Rich {
  const base64 = typeof bytes === "string" ? bytes : bufferOf(bytes).toString("base64");
  return new Rich({ [type]: base64, "text/plain": `[${type}]` }, size ? { [type]: size } : {});
}

function bufferOf(bytes: Uint8Array | ArrayBuffer): Buffer {
  return ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
}
