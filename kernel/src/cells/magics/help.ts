// `%help`: the magics, and what a cell can show.
import { MAGICS, type MagicInfo, magicNamed } from "../../base/index.ts";

const HELPERS: readonly [call: string, shows: string][] = [
  ["display(value)", "any value, as a cell's result is shown; `.update(other)` replaces it"],
  ["html`…`, markdown`…`, latex`…`, svg`…`", "text of that kind"],
  ["png(bytes), jpeg(bytes)", "pictures; bytes of known kinds show by themselves too"],
  ["vega(spec)", "a chart by a Vega or Vega-Lite specification"],
  ["json(value)", "a tree to unfold"],
  ["progress(things)", "the way of a loop: `for (const x of progress(xs)) …`"],
  ["mime(bundle)", "anything by its MIME types"],
  ["clear(), page(value)", "clears the cell's output; shows beside the notebook"],
];

const GLOBALS: readonly [call: string, shows: string][] = [
  ['await input("…"), prompt("…")', "asks for a line of text"],
];

/** Markdown, of everything or of the magic with this name. */
export function helpText(name: string): string {
  const one = magicNamed(name.replace(/^%+/, ""));
  if (one) return details(one);
  return [
    "**Magics** stand at the head of a cell, before its code.",
    MAGICS.map(({ usage, summary }) => `- ${usage.map(code).join(", ")}: ${summary}`).join("\n"),
    '**Shown by a cell**, from `import { … } from "cenote"`:',
    list(HELPERS),
    "**Global**:",
    list(GLOBALS),
    'An object says itself how it looks by a method `[Symbol.for("Jupyter.display")]()` that ' +
      "returns a bundle by MIME type. `docs/cells.md` of Cenote says more.",
  ].join("\n\n");
}

function details({ usage, summary, details: more }: MagicInfo): string {
  return [`\`\`\`\n${usage.join("\n")}\n\`\`\``, summary, more].join("\n\n");
}

const code = (text: string) => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``);

const list = (rows: readonly [string, string][]) =>
  rows.map(([call, shows]) => `- ${code(call)}: ${shows}`).join("\n");
