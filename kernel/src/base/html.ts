// Text as it stands in HTML, within elements and quoted attributes; and values that are HTML themselves.
import { DISPLAY, type MimeBundle } from "./display.ts";

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (one) => ESCAPES[one]!);

/** The markup of a value that shows itself as HTML or SVG, or is an element of a DOM library. */
export function markupOf(value: unknown): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { [DISPLAY]: show, outerHTML } = value as { [DISPLAY]?: unknown; outerHTML?: unknown };
  if (typeof show !== "function") return typeof outerHTML === "string" ? outerHTML : undefined;
  const shown = show.call(value) as MimeBundle | [MimeBundle];
  const bundle = Array.isArray(shown) ? shown[0] : shown;
  const html = bundle?.["text/html"] ?? bundle?.["image/svg+xml"];
  return typeof html === "string" ? html : undefined;
}
