// Rich output from a cell: `display` shows any value as a result would be shown; the others say by what
// MIME type a text or bytes are meant.
import { randomUUID } from "node:crypto";
import {
  clearOutput,
  DISPLAY,
  type Formatted,
  formatForDisplay,
  type MimeBundle,
  publishDisplay,
  showInPager,
} from "../base/index.ts";

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
export async function page(value: unknown): Promise<void> {
  showInPager(await formatForDisplay(value));
}

/** Values that are shown by these MIME types; `display` them, or end a cell with them. */
export class Rich {
  readonly bundle: MimeBundle;

  constructor(bundle: MimeBundle) {
    this.bundle = bundle;
  }

  [DISPLAY](): MimeBundle {
    return this.bundle;
  }
}

/** A string, or a template: html`<b>${name}</b>`. */
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

export function latex(source: Text, ...values: unknown[]): Rich {
  const text = textOf(source, values);
  return new Rich({ "text/latex": text, "text/plain": text });
}

/** Bytes of a PNG file, or their base64. */
export function png(bytes: Uint8Array | string): Rich {
  return new Rich({ "image/png": base64(bytes), "text/plain": "[PNG]" });
}

/** Bytes of a JPEG file, or their base64. */
export function jpeg(bytes: Uint8Array | string): Rich {
  return new Rich({ "image/jpeg": base64(bytes), "text/plain": "[JPEG]" });
}

/** A value as a tree that the frontend lets you unfold. It must survive JSON. */
export function json(value: unknown): Rich {
  return new Rich({ "application/json": value, "text/plain": JSON.stringify(value, null, 2) });
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
  return typeof source === "string" ? source : String.raw({ raw: source }, ...values);
}

function base64(bytes: Uint8Array | string): string {
  return typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("base64");
}
