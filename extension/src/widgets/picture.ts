// A canvas that keeps to its box and the screen's pixels, draws at most once a frame and only where it can
// be seen, and carries its meaning as text for those who can't see it.
import { el } from "./dom.ts";
import { readTheme, type Theme } from "./theme.ts";

export type Draw = (
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  theme: Theme,
) => void;

let ids = 0;

export class Picture {
  readonly canvas: HTMLCanvasElement;
  /** Text that stands for the picture; screen readers read it with the canvas. */
  readonly description: HTMLElement;
  readonly #draw: Draw;
  readonly #watch: ResizeObserver;
  #frame = 0;

  /** `label` names the picture; the canvas takes the keyboard's focus. */
  constructor(className: string, label: string, draw: Draw) {
    this.#draw = draw;
    const id = `cenote-picture-${++ids}`;
    this.description = el("p", { class: "cenote-unseen", attrs: { id } });
    this.canvas = el("canvas", {
      class: className,
      attrs: { role: "img", tabindex: "0", "aria-label": label, "aria-describedby": id },
    });
    this.#watch = new ResizeObserver(() => this.invalidate());
    this.#watch.observe(this.canvas);
  }

  /** Draws in the next frame. */
  invalidate(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#watch.disconnect();
  }

  #paint(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return;
    const scale = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw(context, width, height, readTheme(this.canvas));
  }
}
