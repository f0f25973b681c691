// A canvas that keeps to its box and the screen's pixels, draws at most once a frame and only where it can
// be seen, and carries its meaning as text for those who can't see it. What follows the pointer lies above a
// drawing that is kept, so that pointing costs no more than a copy of it.
import { el } from "./dom.ts";
import type { Pen } from "./pen.ts";
import { readTheme, type Theme } from "./theme.ts";

export type Draw<P extends Pen = CanvasRenderingContext2D> = (
  pen: P,
  width: number,
  height: number,
  theme: Theme,
) => void;

/** Its parts also draw what is saved: with a pen that need not be a canvas's. */
export interface Drawing {
  /** All that `invalidate` draws anew. */
  base: Draw<Pen>;
  /** What lies above it and comes and goes with the pointer. */
  over: Draw<Pen>;
  /** Is called when the box has another size, before it is drawn anew. */
  resized?: () => void;
}

interface Size {
  width: number;
  height: number;
}

/** Pixels beyond the part of the panel that is seen in which a picture is kept up to date. */
const NEAR = "150px";

let ids = 0;

export class Picture {
  readonly canvas: HTMLCanvasElement;
  /** Text that stands for the picture; screen readers read it with the canvas. */
  readonly description: HTMLElement;
  readonly drawing: Drawing;
  readonly #kept = document.createElement("canvas");
  readonly #sizes: ResizeObserver;
  readonly #views: IntersectionObserver;
  #theme: Theme | undefined;
  #size: Size | undefined;
  #frame = 0;
  #isSeen = true;
  #isStale = true;

  /** `label` names the picture; the canvas takes the keyboard's focus. */
  constructor(className: string, label: string, drawing: Drawing) {
    this.drawing = drawing;
    const id = `cenote-picture-${++ids}`;
    this.description = el("p", { class: "cenote-unseen", attrs: { id } });
    this.canvas = el("canvas", {
      class: className,
      attrs: { role: "img", tabindex: "0", "aria-label": label, "aria-describedby": id },
    });
    this.#sizes = new ResizeObserver(() => {
      this.#size = undefined;
      this.drawing.resized?.();
      this.invalidate();
    });
    this.#sizes.observe(this.canvas);
    this.#views = new IntersectionObserver((entries) => this.#see(entries.at(-1)!.isIntersecting), {
      scrollMargin: NEAR,
    });
    this.#views.observe(this.canvas);
  }

  /** Pixels. They are kept: asking the page for them has it lay itself out. */
  get width(): number {
    return this.#measured().width;
  }

  get height(): number {
    return this.#measured().height;
  }

  /** Gives the box another height. */
  set height(pixels: number) {
    const height = `${pixels}px`;
    if (this.canvas.style.height === height) return;
    this.canvas.style.height = height;
    this.#size = undefined;
  }

  #measured(): Size {
    if (this.#size) return this.#size;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    // A hidden box has none: it may be asked for again before the page tells that it is shown.
    if (width > 0) this.#size = { width, height };
    return { width, height };
  }

  get theme(): Theme {
    this.#theme ??= readTheme(this.canvas);
    return this.#theme;
  }

  /** Draws everything in the next frame. */
  invalidate(): void {
    this.#isStale = true;
    this.invalidateOver();
  }

  /** Draws what lies above in the next frame. */
  invalidateOver(): void {
    if (!this.#isSeen) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  /** Reads the colours anew: the theme, or a setting, has changed. */
  restyle(): void {
    this.#theme = undefined;
    this.invalidate();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
    this.#views.disconnect();
  }

  #see(isSeen: boolean): void {
    const came = isSeen && !this.#isSeen;
    this.#isSeen = isSeen;
    if (came) this.invalidateOver();
  }

  #paint(): void {
    const { width, height } = this;
    if (width === 0 || height === 0) return;
    const scale = window.devicePixelRatio || 1;
    const resized = fit(this.canvas, width, height, scale);
    if (fit(this.#kept, width, height, scale) || this.#isStale) {
      this.#isStale = false;
      this.#draw(this.#kept, this.drawing.base, scale);
    }
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (!resized) context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.#kept, 0, 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.drawing.over(context, width, height, this.theme);
  }

  #draw(canvas: HTMLCanvasElement, draw: Draw, scale: number): void {
    const context = canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    draw(context, this.width, this.height, this.theme);
  }
}

/** Gives a canvas its pixels, which empties it; false where it has them. */
function fit(canvas: HTMLCanvasElement, width: number, height: number, scale: number): boolean {
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width === w && canvas.height === h) return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}
