// What a value looks like in a notebook. In this order: what the value says itself, what is known by its
// shape (Arrow tables, pictures, specifications of charts, elements), and text for everything else.
import { types } from "node:util";
import { DISPLAY, type Formatted, type MimeBundle } from "../base/index.ts";
import { formatArrowTable, isArrowTable } from "./format-arrow.ts";
import { pictureType } from "./format-picture.ts";
import { inspectBounded } from "./inspect-bounded.ts";

type Remap = (text: string) => string;

/** `remap` mends places in generated code. Throws what the value's own method throws. */
export function formatValue(value: unknown, remap: Remap): Formatted | Promise<Formatted> {
  const own = methodOf(value, DISPLAY) ?? methodOf(value, DENO_DISPLAY);
  if (!own) return { data: byShape(value, remap), metadata: {} };
  const bundle = own.call(value);
  return isPromise(bundle)
    ? bundle.then((one) => asFormatted(one, value))
    : asFormatted(bundle, value);
}

/** Notebooks for Deno name their method so. */
const DENO_DISPLAY = Symbol.for("Deno.jupyter.display");

function byShape(value: unknown, remap: Remap): MimeBundle {
  if (value === null || typeof value !== "object") return { "text/plain": inspectBounded(value) };
  // What a proxy is like is its traps' affair, and a revoked one is like nothing.
  if (types.isProxy(value)) return { "text/plain": remap(inspectBounded(value)) };
  if (isArrowTable(value)) return formatArrowTable(value);
  if (value instanceof Uint8Array) {
    const type = pictureType(value);
    if (type) {
      const text = `${type} (${value.byteLength} bytes)`;
      return { [type]: Buffer.from(value).toString("base64"), "text/plain": text };
    }
  }
  const text = remap(inspectBounded(value));
  const chart = chartType(value);
  if (chart && isJson(value)) return { [chart]: value, "text/plain": text };
  const html = markup(value);
  if (html !== undefined) return { "text/html": html, "text/plain": html.slice(0, 200) };
  return { "text/plain": text };
}

/** Vega and Vega-Lite specifications name their schema. */
function chartType(value: object): string | undefined {
  const schema = ownValue(value, "$schema");
  if (typeof schema !== "string") return undefined;
  const found = /\/schema\/(vega|vega-lite)\/v(\d)/.exec(schema);
  if (!found) return undefined;
  const name = found[1] === "vega" ? "vega" : "vegalite";
  return `application/vnd.${name}.v${found[2]}+json`;
}

/** Elements of DOM libraries carry their markup. */
function markup(value: object): string | undefined {
  const known = "outerHTML" in value && "tagName" in value;
  const html = known ? value.outerHTML : undefined;
  return typeof html === "string" ? html : undefined;
}

function ownValue(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function methodOf(value: unknown, name: symbol): (() => unknown) | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    return undefined;
  // A proxy's traps may refuse; it is shown as it stands then.
  try {
    const method = (value as Record<symbol, unknown>)[name];
    return typeof method === "function" ? (method as () => unknown) : undefined;
  } catch (error) {
    if (types.isProxy(value)) return undefined;
    throw error;
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
    return { data: bundle[0] ?? {}, metadata: bundle[1] ?? {} };
  }
  if (bundle === null || typeof bundle !== "object") {
    return { data: { "text/plain": inspectBounded(value) }, metadata: {} };
  }
  return { data: bundle as MimeBundle, metadata: {} };
}
