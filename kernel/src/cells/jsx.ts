// JSX in cells and local files makes HTML: `<b>{name}</b>` is a value that shows itself as text/html. What
// stands in braces is text and is escaped. Components are functions of their properties.
import { DISPLAY, escapeHtml, type MimeBundle, markupOf } from "../base/index.ts";

type Properties = Record<string, unknown>;
type Component = (properties: Properties) => unknown;

/** HTML as JSX makes it. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }

  [DISPLAY](): MimeBundle {
    return { "text/html": this.html, "text/plain": this.html };
  }

  toString(): string {
    return this.html;
  }
}

/** Elements that have no content, and no end tag. */
const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
/** Elements whose text HTML takes as it stands. */
const RAW_TEXT = new Set(["script", "style"]);

/** What `<type …properties>children</type>` is. Throws TypeError for what can't be HTML. */
export function h(type: unknown, given: Properties | null, ...children: unknown[]): Markup {
  const properties = given ?? {};
  if (typeof type === "function") {
    const content =
      children.length === 0 ? {} : { children: children.length > 1 ? children : children[0] };
    return new Markup(contentOf((type as Component)({ ...properties, ...content })));
  }
  if (typeof type !== "string" || !/^[a-z][\w:.-]*$/i.test(type)) {
    throw new TypeError(`wanted an element's name or a component, found ${kindOf(type)}`);
  }
  const open = `<${type}${attributesOf(properties)}>`;
  if (VOID.has(type)) return new Markup(open);
  return new Markup(`${open}${innerOf(type, properties, children)}</${type}>`);
}

/** What `<>…</>` is. */
export function Fragment({ children }: Properties): Markup {
  return new Markup(contentOf(children));
}

function innerOf(type: string, properties: Properties, children: unknown[]): string {
  const raw = properties["dangerouslySetInnerHTML"] as { __html?: unknown } | undefined;
  if (raw) return String(raw.__html ?? "");
  const content = children.length > 0 ? children : properties["children"];
  if (RAW_TEXT.has(type)) return textOf(content).replaceAll("</", "<\\/");
  return contentOf(content);
}

function textOf(content: unknown): string {
  if (Array.isArray(content)) return content.map(textOf).join("");
  return isNothing(content) ? "" : String(content);
}

const isNothing = (value: unknown) =>
  value === null || value === undefined || typeof value === "boolean";

function contentOf(content: unknown): string {
  if (isNothing(content)) return "";
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number" || typeof content === "bigint") return String(content);
  if (content instanceof Markup) return content.html;
  if (typeof content === "object") {
    if (Symbol.iterator in content!) {
      return Array.from(content as Iterable<unknown>, contentOf).join("");
    }
    const html = markupOf(content);
    if (html !== undefined) return html;
  }
  throw new TypeError(
    `wanted text, a number, an element or a list of them as content, found ${kindOf(content)}. ` +
      (content instanceof Promise ? "Await it first." : "Write String(value) to show it as text."),
  );
}

function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "an object";
}

// ---- attributes ----

/** Those that aren't the element's. */
const RESERVED = new Set(["children", "dangerouslySetInnerHTML", "key", "ref"]);
const RENAMED = new Map([
  ["className", "class"],
  ["htmlFor", "for"],
  ["acceptCharset", "accept-charset"],
  ["httpEquiv", "http-equiv"],
]);
/** SVG's attributes with hyphens, as JSX writes them. */
const HYPHENATED =
  /^(?:(?:stroke|fill|stop|flood|lighting|font|text|clip|marker|color|letter|word|paint|pointer|shape|vector|image|alignment|dominant|baseline|glyph|writing|unicode|overline|underline|strikethrough)[A-Z])/;

function attributesOf(properties: Properties): string {
  return Object.entries(properties)
    .filter(([name]) => !RESERVED.has(name))
    .map(([name, value]) => attribute(name, value))
    .join("");
}

function attribute(given: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  const name = RENAMED.get(given) ?? (HYPHENATED.test(given) ? hyphenated(given) : given);
  if (!/^[^\s"'<>/=\p{Cc}]+$/u.test(name))
    throw new TypeError(`"${given}" can't be an attribute's name`);
  if (typeof value === "function") {
    throw new TypeError(
      `wanted text for the attribute ${given}, found a function: events don't reach the kernel`,
    );
  }
  if (typeof value === "boolean" && !/^(?:aria|data)-/.test(name)) return value ? ` ${name}` : "";
  const text = name === "style" && typeof value === "object" ? style(value) : String(value);
  return ` ${name}="${escapeHtml(text)}"`;
}

/** Properties whose numbers are no lengths. */
const UNITLESS =
  /^(?:--.*|opacity|(?:fill|stroke|stop|flood)Opacity|zIndex|fontWeight|lineHeight|flex(?:Grow|Shrink)?|order|zoom|columns?|columnCount|grid(?:Row|Column|Area)(?:Start|End)?|aspectRatio|scale|orphans|widows|tabSize|lineClamp|animationIterationCount|stroke(?:Width|Miterlimit|Dashoffset|Dasharray))$/;

function style(declarations: object): string {
  return Object.entries(declarations)
    .filter(([, value]) => !isNothing(value))
    .map(([name, value]) => {
      const lengths = typeof value === "number" && value !== 0 && !UNITLESS.test(name);
      return `${name.startsWith("--") ? name : hyphenated(name)}:${value}${lengths ? "px" : ""}`;
    })
    .join(";");
}

const hyphenated = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^ms-/, "-ms-");
