// Goes back through the pool's life: a slider over the records that the page has, and a button that plays
// them. The slab map shows the moment that is chosen.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Focus } from "../model/focus.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { clock, el, setText } from "./dom.ts";
import { button } from "./menu.ts";

/** Milliseconds that it takes to play all records in view. */
const PLAY_MS = 8000;

export class Scrubber {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #slider: HTMLInputElement;
  readonly #play: HTMLButtonElement;
  readonly #now: HTMLButtonElement;
  readonly #time = el("span", { class: "cenote-scrub-time", attrs: { "data-cenote": "moment" } });
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #frame = 0;
  #last = 0;

  constructor(model: PoolModel, focus: Focus, trans: TranslationBundle) {
    this.#model = model;
    this.#focus = focus;
    this.#trans = trans;
    this.#slider = el("input", {
      class: "cenote-slider",
      attrs: { type: "range", step: "1", "aria-label": trans.__("Moment that the map shows") },
    });
    this.#slider.addEventListener("input", () => this.#go(Number(this.#slider.value)));
    this.#play = button(trans.__("Play"), trans.__("Replay what the pool did"), () =>
      this.#toggle(),
    );
    this.#now = button(trans.__("Now"), trans.__("Show the pool as it is now"), () => {
      this.#stop();
      focus.moment = undefined;
    });
    this.node = el(
      "div",
      { class: "cenote-tools" },
      this.#play,
      this.#slider,
      this.#time,
      this.#now,
    );
    focus.changed.connect(this.update, this);
  }

  update(): void {
    const [begin, end] = this.#bounds();
    const { moment } = this.#focus;
    this.#slider.min = String(begin);
    this.#slider.max = String(end);
    this.#slider.value = String(moment ?? end);
    this.#slider.disabled = begin === end;
    this.#play.disabled = begin === end;
    this.#now.hidden = moment === undefined;
    const time = moment === undefined ? undefined : clock(this.#model.log.timeOf(moment), 3);
    setText(this.#time, time ?? this.#trans.__("now"));
    this.#slider.setAttribute("aria-valuetext", time ?? this.#trans.__("now"));
    this.#time.dataset["moment"] = String(moment ?? "");
  }

  dispose(): void {
    this.#stop();
    this.#focus.changed.disconnect(this.update, this);
  }

  /** Indices of the records in view. */
  #bounds(): [begin: number, end: number] {
    const { log } = this.#model;
    const { stretch } = this.#focus;
    return stretch
      ? [log.indexAfter(stretch.from), log.indexAfter(stretch.to)]
      : [log.begin, log.end];
  }

  #go(index: number): void {
    this.#focus.moment = index >= this.#model.log.end ? undefined : index;
  }

  #toggle(): void {
    if (this.#frame) {
      this.#stop();
      return;
    }
    const [begin, end] = this.#bounds();
    const { moment } = this.#focus;
    if (moment === undefined || moment >= end) this.#go(begin);
    setText(this.#play, this.#trans.__("Stop"));
    this.#last = performance.now();
    this.#frame = requestAnimationFrame((time) => this.#step(time));
  }

  #step(time: number): void {
    const [begin, end] = this.#bounds();
    const at = this.#focus.moment ?? end;
    // Without motion it goes by seconds, in steps.
    const wait = this.#still.matches ? 1000 : 0;
    const passed = time - this.#last;
    if (passed >= wait) {
      this.#last = time;
      this.#go(Math.min(end, at + Math.max(1, Math.round(((end - begin) * passed) / PLAY_MS))));
    }
    if (at >= end) this.#stop();
    else this.#frame = requestAnimationFrame((next) => this.#step(next));
  }

  #stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    setText(this.#play, this.#trans.__("Play"));
  }
}
