// What a value looks like in a notebook. In this order: what the value says itself, what is known by its
// shape (tables, pictures, specifications of charts, elements), and text for everything else.
import { types } from "node:util";
import { chartType, DISPLAY, type Formatted, type MimeBundle } from "../base/index.ts";
import { encodeArrow, isArrowTable, showArrowTable } from "./format-arrow.ts";
import { isSvg, pictureType, standaloneSvg } from "./format-picture.ts";
import { formatRecords } from "./format-records.ts";
import { inspectBounded } from "./inspect-bounded.ts";
import { shorten } from "./preview.ts";

type Remap = (text: string) => string;

/** `remap` mends places in generated code. Throws what the value's own method throws. */
export function formatValue(value: unknown, remap: Remap): Formatted | Promise<Formatted> {
  const own = methodOf(value, DISPLAY) ?? methodOf(value, DENO_DISPLAY);
  if (!own) {
    return byShape(value, remap);
  }
  const bundle = own.call(value);
  return isPromise(bundle)
    ? bundle.then((one) => encodeArrow(asFormatted(one, value)))
    : encodeArrow(asFormatted(bundle, value));
}

/** Notebooks for Deno name their method so. */
const DENO_DISPLAY = Symbol.for("Deno.jupyter.display");

const bare = (data: MimeBundle): Formatted => ({ data, metadata: {} });

function byShape(value: unknown, remap: Remap): Formatted | Promise<Formatted> {
  if (typeof value === "string") return bare(formatString(value));
  const text = remap(inspectBounded(value));
  // What a proxy is like is its traps' affair, and a revoked one is like nothing.
  if (value === null || typeof value !== "object" || types.isProxy(value)) {
    return bare({ "text/plain": text });
  }
  try {
    if (isArrowTable(value)) return showArrowTable(value);
    const data = richForm(value, text) ?? { "text/plain": text };
    return data instanceof Promise ? data.then(bare) : bare(data);
  } catch {
    // A getter or trap on the way to the shape threw: it has none.
    return bare({ "text/plain": text });
  }
}

/** Text is shown as such, but for a drawing. */
function formatString(value: string): MimeBundle {
  const text = inspectBounded(value);
  return isSvg(value)
    ? { "image/svg+xml": standaloneSvg(value), "text/plain": text }
    : { "text/plain": text };
}

function richForm(value: object, text: string): MimeBundle | Promise<MimeBundle> | undefined {
  if (Array.isArray(value)) {
    const table = formatRecords(value);
    return table && { ...table, "text/plain": text };
  }
  if (value instanceof Blob) return formatBlob(value, text);
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  if (bytes instanceof Uint8Array) return formatPicture(bytes);
  const chart = chartType(ownValue(value, "$schema"));
  if (chart && isJson(value)) return { [chart]: value, "text/plain": text };
  return markup(value) ?? libraryTable(value, text);
}

/** Libraries of tables, such as Arquero, give theirs by a method `toHTML`. */
function libraryTable(value: object, text: string): MimeBundle | undefined {
  const { toHTML } = value as { toHTML?: unknown };
  const html: unknown = typeof toHTML === "function" ? toHTML.call(value) : undefined;
  const isTable = typeof html === "string" && /^\s*<(?:table|div)[\s>]/.test(html);
  return isTable && html.includes("<table") ? { "text/html": html, "text/plain": text } : undefined;
}

function formatPicture(bytes: Uint8Array): MimeBundle | undefined {
  const type = pictureType(bytes);
  if (!type) return undefined;
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return { [type]: encoded, "text/plain": `${type} (${bytes.byteLength} bytes)` };
}

function formatBlob(blob: Blob, text: string): Promise<MimeBundle> | undefined {
  if (!blob.type.startsWith("image/")) return undefined;
  return blob.arrayBuffer().then((buffer) => {
    return formatPicture(new Uint8Array(buffer)) ?? { "text/plain": text };
  });
}

/** Elements of DOM libraries carry their markup; a drawing is a picture too, for frontends without HTML. */
function markup(value: object): MimeBundle | undefined {
  const known = "outerHTML" in value && ("tagName" in value || "nodeName" in value);
  const html = known ? value.outerHTML : undefined;
  if (typeof html !== "string") return undefined;
  const bundle: MimeBundle = { "text/html": html, "text/plain": shorten(html, 200) };
  if (isSvg(html)) bundle["image/svg+xml"] = standaloneSvg(html);
  return bundle;
}

function ownValue(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function methodOf(value: unknown, name: symbol): (() => unknown) | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    return undefined;
  // A getter, or the traps of a proxy on the way, may refuse; the value is shown as it stands then.
  try {
    const method = (value as Record<symbol, unknown>)[name];
    return typeof method === "function" ? (method as () => unknown) : undefined;
  } catch {
    return undefined;
  }
}

function isJson(value: object): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  value !== null && typeof value === "object" && "then" in value;

/** A bundle by MIME type, or one with its metadata beside it, as IPython's `_repr_mimebundle_` allows. */
function asFormatted(bundle: unknown, value: unknown): Formatted {
  if (Array.isArray(bundle)) {
    return { data: asSent(bundle[0] ?? {}), metadata: bundle[1] ?? {} };
  }
  if (bundle === null || typeof bundle !== "object") {
    return { data: { "text/plain": inspectBounded(value) }, metadata: {} };
  }
  return { data: asSent(bundle as MimeBundle), metadata: {} };
}

/** Bytes go as base64, and where a frontend wants text there is text. */
function asSent(bundle: MimeBundle): MimeBundle {
  const sent = Object.entries(bundle).map(([type, content]) => {
    if (content instanceof Uint8Array) return [type, Buffer.from(content).toString("base64")];
    const isText = typeof content === "string" || !/^text\/|^image\/svg/.test(type);
    if (isText) return [type, content];
    const isLines = Array.isArray(content) && content.every((line) => typeof line === "string");
    return [type, isLines ? content.join("") : inspectBounded(content)];
  });
  return Object.fromEntries(sent) as MimeBundle;
}
