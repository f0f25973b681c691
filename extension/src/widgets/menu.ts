// A small choice in a section's heading.
import { el } from "./dom.ts";

/** A select with options [value, text]; `chosen` is called with the value that the user chose. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: (value: string) => void,
): HTMLSelectElement {
  const select = el("select", { class: "cenote-choice", attrs: { "aria-label": label } });
  setOptions(select, options);
  select.addEventListener("change", () => chosen(select.value));
  return select;
}

/** Replaces a select's options, unless they are the same, and keeps what is chosen where it is still there. */
export function setOptions(
  select: HTMLSelectElement,
  options: readonly (readonly [value: string, text: string])[],
): void {
  const same =
    select.options.length === options.length &&
    options.every(([value, text], i) => {
      const option = select.options[i]!;
      return option.value === value && option.text === text;
    });
  if (same) return;
  const { value } = select;
  select.replaceChildren(
    ...options.map(([v, text]) => el("option", { text, attrs: { value: v } })),
  );
  if (options.some(([v]) => v === value)) select.value = value;
}

/** A small button in a section's heading. */
export function button(text: string, title: string, pressed: () => void): HTMLButtonElement {
  const made = el("button", { class: "cenote-button", text, title, attrs: { type: "button" } });
  made.addEventListener("click", pressed);
  return made;
}
