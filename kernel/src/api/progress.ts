// A bar that shows how far a loop is: `for (const x of progress(xs)) …`. It is drawn anew at most ten
// times a second, by looking at the clock as the loop goes on; no timer is needed, so it works in loops
// that never let one run.
import { randomUUID } from "node:crypto";
import {
  currentCell,
  DISPLAY,
  escapeHtml,
  type MimeBundle,
  onTermination,
  publishDisplay,
  runInCell,
} from "../base/index.ts";

const DRAW_MS = 100;
const PLAIN_WIDTH = 24;

export interface ProgressOptions {
  /** Stands before the bar. */
  label?: string;
  /** How many steps there will be, where the things don't say so themselves. */
  total?: number;
}

type State = "waiting" | "running" | "done" | "stopped";

/** A bar; `progress` makes one. */
export class Progress {
  readonly #displayId: string = randomUUID();
  readonly #label: string;
  #total: number | undefined;
  #count = 0;
  #state: State = "waiting";
  #began = 0;
  #ended = 0;
  #drawn = 0;
  #forget: (() => void) | undefined;

  constructor({ label = "", total }: ProgressOptions = {}) {
    this.#label = label;
    this.#total = total;
  }

  /** Steps so far. */
  get count(): number {
    return this.#count;
  }

  /** Goes on by so many steps. */
  advance(steps = 1): void {
    this.set(this.#count + steps);
  }

  /** So many steps are done; the number of all may be known better by now. */
  set(count: number, total: number | undefined = this.#total): void {
    if (this.#state === "waiting") this.begin();
    this.#count = count;
    this.#total = total;
    if (this.#state === "running" && performance.now() - this.#drawn >= DRAW_MS) this.#draw();
  }

  /** Shows the bar; the first step does so by itself. */
  begin(): void {
    if (this.#state !== "waiting") return;
    const cell = currentCell();
    this.#state = "running";
    this.#began = performance.now();
    // A cell that is terminated in the middle of its loop runs no `finally`.
    this.#forget = onTermination((terminated) => {
      if (terminated === cell) runInCell(cell, () => this.stop());
    });
    this.#draw(false);
  }

  /** Everything is done. */
  done(): void {
    if (this.#state === "waiting") this.begin();
    this.#end("done");
  }

  /** It ends here, before its time. */
  stop(): void {
    this.#end("stopped");
  }

  [DISPLAY](): MimeBundle {
    return this.#state === "waiting" ? this.#bundle() : {};
  }

  #end(state: State): void {
    if (this.#state !== "running") return;
    this.#state = state;
    this.#ended = performance.now();
    this.#forget?.();
    this.#draw();
  }

  #draw(update = true): void {
    this.#drawn = performance.now();
    publishDisplay({ data: this.#bundle(), metadata: {}, displayId: this.#displayId, update });
  }

  #bundle(): MimeBundle {
    const text = this.#text();
    const part = this.#part;
    const value = part === undefined ? "" : ` value="${part.toFixed(4)}"`;
    const style = "width:20em;vertical-align:middle";
    const label = this.#label === "" ? "" : `${escapeHtml(this.#label)} `;
    return {
      "text/html": `<div>${label}<progress max="1"${value} style="${style}"></progress> ${text}</div>`,
      "text/plain": [this.#label, plainBar(part), text].filter(Boolean).join(" "),
    };
  }

  /** From 0 to 1, where the total is known. */
  get #part(): number | undefined {
    if (this.#total === undefined) return this.#state === "done" ? 1 : undefined;
    return this.#total > 0 ? Math.min(1, this.#count / this.#total) : 1;
  }

  #text(): string {
    const part = this.#part;
    const end = this.#state === "running" ? performance.now() : this.#ended;
    const seconds = this.#state === "waiting" ? 0 : (end - this.#began) / 1000;
    const count = this.#count.toLocaleString("en-US");
    const total = this.#total?.toLocaleString("en-US");
    const left = part !== undefined && part > 0 && this.#state === "running";
    return [
      ...(part === undefined ? [] : [`${Math.floor(part * 100)} %`]),
      total === undefined ? count : `${count} of ${total}`,
      clock(seconds) + (left ? `, ${clock((seconds * (1 - part)) / part)} left` : ""),
      ...(seconds > 0 && this.#count > 0 ? [`${rate(this.#count / seconds)}/s`] : []),
      ...(this.#state === "done" || this.#state === "stopped" ? [this.#state] : []),
    ].join(" · ");
  }
}

/** A bar for a loop over `things`, or over 0 … n − 1; without them, one that the code moves itself. */
export function progress(options?: ProgressOptions): Progress;
export function progress(count: number, options?: ProgressOptions): Progress & Iterable<number>;
export function progress<T>(things: Iterable<T>, options?: ProgressOptions): Progress & Iterable<T>;
export function progress<T>(
  things: AsyncIterable<T>,
  options?: ProgressOptions,
): Progress & AsyncIterable<T>;
export function progress(
  things?: number | Iterable<unknown> | AsyncIterable<unknown> | ProgressOptions,
  options: ProgressOptions = {},
): Progress {
  if (typeof things === "number") {
    return new LoopProgress(upTo(things), { total: things, ...options });
  }
  if (isIterable(things)) {
    const total = lengthOf(things);
    return new LoopProgress(things, { ...(total === undefined ? {} : { total }), ...options });
  }
  return new Progress((things as ProgressOptions | undefined) ?? options);
}

class LoopProgress extends Progress {
  readonly #things: Iterable<unknown> | AsyncIterable<unknown>;

  constructor(things: Iterable<unknown> | AsyncIterable<unknown>, options: ProgressOptions) {
    super(options);
    this.#things = things;
  }

  *[Symbol.iterator](): Generator<unknown> {
    this.begin();
    try {
      for (const thing of this.#things as Iterable<unknown>) {
        yield thing;
        this.advance();
      }
      this.done();
    } finally {
      this.stop();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    this.begin();
    try {
      for await (const thing of this.#things) {
        yield thing;
        this.advance();
      }
      this.done();
    } finally {
      this.stop();
    }
  }
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value === "string") return true;
  return (
    value !== null &&
    typeof value === "object" &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function lengthOf(things: object | string): number | undefined {
  const { length, size } = things as { length?: unknown; size?: unknown };
  return [length, size].find((one) => typeof one === "number") as number | undefined;
}

function* upTo(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function plainBar(part: number | undefined): string {
  if (part === undefined) return "";
  const full = Math.round(part * PLAIN_WIDTH);
  return `|${"█".repeat(full)}${" ".repeat(PLAIN_WIDTH - full)}|`;
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const two = (n: number) => String(n).padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

const rate = (perSecond: number): string =>
  perSecond >= 100
    ? Math.round(perSecond).toLocaleString("en-US")
    : String(Number(perSecond.toPrecision(2)));
