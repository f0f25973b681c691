// What the colours of the slab map stand for, as a line of keys.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { AGE_CLASSES, type Colouring, SIZE_CLASSES, STATES } from "../model/colouring.ts";
import { duration, el } from "./dom.ts";

/** The choices of colouring with their names. */
export function colourings(trans: TranslationBundle): [Colouring, string][] {
  return [
    ["cell", trans.__("colour: cell")],
    ["tag", trans.__("colour: tag")],
    ["size", trans.__("colour: size")],
    ["age", trans.__("colour: age")],
    ["state", trans.__("colour: state")],
  ];
}

/** The keys for a colouring; none where numbers and tags tell the colours apart. */
export function legend(trans: TranslationBundle, by: Colouring): HTMLElement[] {
  if (by === "state") {
    const names = {
      live: trans.__("live"),
      pinned: trans.__("pinned"),
      cached: trans.__("kept for reuse"),
      spilled: trans.__("spilled"),
      moving: trans.__("just moved"),
    };
    const keys = STATES.map((state) => key(`var(--cenote-state-${state})`, names[state]));
    return [...keys, key("var(--cenote-free)", trans.__("free"))];
  }
  if (by === "size") {
    const first = trans.__("below %1", formatBytes(SIZE_CLASSES[0]!));
    return steps(
      first,
      SIZE_CLASSES.map((bytes) => trans.__("from %1", formatBytes(bytes))),
    );
  }
  if (by === "age") {
    const first = trans.__("below %1", duration(AGE_CLASSES[0]!));
    return steps(
      first,
      AGE_CLASSES.map((ms) => trans.__("from %1", duration(ms))),
    );
  }
  return [];
}

/** Every second step is named: they are in order. */
function steps(first: string, others: readonly string[]): HTMLElement[] {
  return [first, ...others].flatMap((text, i) =>
    i % 2 === 0 ? [key(`var(--cenote-step-${i})`, text)] : [],
  );
}

function key(colour: string, text: string): HTMLElement {
  const box = el("i", { class: "cenote-key" });
  box.style.background = colour;
  return el("span", {}, box, new Text(text));
}
