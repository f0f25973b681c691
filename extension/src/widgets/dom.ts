// Small helpers to build and update elements without touching what hasn't changed.

import { formatBytes } from "../../../kernel/src/base/bytes.ts";

interface Options {
  class?: string;
  text?: string;
  title?: string;
  attrs?: Record<string, string>;
}

/** A new element with class, text and attributes, and its children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (options.class) node.className = options.class;
  if (options.text !== undefined) node.textContent = options.text;
  if (options.title !== undefined) node.title = options.title;
  for (const [name, value] of Object.entries(options.attrs ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets the text, unless it is that already (so that nothing is laid out or read aloud for nothing). */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets the hover text, unless it is that already. */
export function setTitle(node: HTMLElement, title: string): void {
  if (node.title !== title) node.title = title;
}

const EXACT = new Intl.NumberFormat("en");

/** 1536 → "1,536 bytes". */
export function exactBytes(bytes: number): string {
  return `${EXACT.format(bytes)} bytes`;
}

/** 1536 → "+1.5 KiB", −1536 → "−1.5 KiB". */
export function signedBytes(bytes: number): string {
  if (bytes === 0) return formatBytes(0);
  return bytes > 0 ? `+${formatBytes(bytes)}` : `−${formatBytes(-bytes)}`;
}

/** 1536 → "1,536". */
export function exact(count: number): string {
  return EXACT.format(count);
}

/** 3 → "+3", −3 → "−3". */
export function signedCount(count: number): string {
  if (count === 0) return exact(0);
  return count > 0 ? `+${exact(count)}` : `−${exact(-count)}`;
}

/** 0.134 → "13 %". */
export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? "<1" : Math.round(value)} %`;
}

/** Milliseconds → "340 ms", "12 s", "3 min", "2 h". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false } as const;
const CLOCKS = {
  0: new Intl.DateTimeFormat([], CLOCK),
  3: new Intl.DateTimeFormat([], { ...CLOCK, fractionalSecondDigits: 3 }),
} as const;

/** Milliseconds since the epoch → "14:03:09", with `digits` digits of a second's fraction. */
export function clock(time: number, digits: 0 | 3 = 0): string {
  return CLOCKS[digits].format(time);
}
