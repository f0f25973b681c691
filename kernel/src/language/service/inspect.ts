// What the types know about the name at the cursor: its declaration, documentation and tags. Inside a
// call's parentheses the function is what is asked about.
import ts from "typescript";
import type { TypedInspection } from "../../base/index.ts";
import { offsetFromCodePoints } from "../positions.ts";
import type { NotebookHost } from "./host.ts";
import { nameQuestion } from "./question.ts";

const MAX_OVERLOADS = 8;

interface Known {
  signatures: string[];
  documentation: string;
  tags: { name: string; text: string }[];
}

/** Undefined where there is no name, or none with a type. */
export function inspectAt(
  service: ts.LanguageService,
  host: NotebookHost,
  source: string,
  cursor: number,
): TypedInspection | undefined {
  const asked = nameQuestion(host.notebook.parse(source), offsetFromCodePoints(source, cursor));
  const draft = host.draft(asked.source);
  const at = asked.offset + draft.shift;
  const known =
    quickInfo(service, draft.path, at) ??
    (at > draft.shift ? quickInfo(service, draft.path, at - 1) : undefined) ??
    call(service, draft.path, at);
  if (!known) return undefined;
  const isAny = /(?::|=) (any|unknown)$/.test(known.signatures[0]!) && !known.documentation;
  return { data: { "text/plain": plain(known), "text/markdown": markdown(known) }, isAny };
}

function quickInfo(service: ts.LanguageService, path: string, at: number): Known | undefined {
  const info = service.getQuickInfoAtPosition(path, at);
  if (!info || info.kind === ts.ScriptElementKind.string) return undefined;
  const shown = ts.displayPartsToString(info.displayParts);
  // So the compiler describes a name that it doesn't know.
  if (shown === "any") return undefined;
  return {
    signatures: [tidy(shown)],
    documentation: ts.displayPartsToString(info.documentation),
    tags: tagsOf(info.tags),
  };
}

function call(service: ts.LanguageService, path: string, at: number): Known | undefined {
  const help = service.getSignatureHelpItems(path, at, undefined);
  if (!help || help.items.length === 0) return undefined;
  const { items, selectedItemIndex } = help;
  const selected = items[selectedItemIndex] ?? items[0]!;
  const others = items.filter((item) => item !== selected);
  return {
    signatures: [selected, ...others].slice(0, MAX_OVERLOADS).map(signature),
    documentation: ts.displayPartsToString(selected.documentation),
    tags: tagsOf(selected.tags),
  };
}

function signature(item: ts.SignatureHelpItem): string {
  const text = ts.displayPartsToString;
  const parameters = item.parameters.map(({ displayParts }) => text(displayParts));
  return tidy(
    text(item.prefixDisplayParts) +
      parameters.join(text(item.separatorDisplayParts)) +
      text(item.suffixDisplayParts),
  );
}

function tagsOf(tags: readonly ts.JSDocTagInfo[] = []): Known["tags"] {
  return tags.map(({ name, text }) => ({ name, text: ts.displayPartsToString(text) }));
}

/** That a name comes from another cell's module is our own affair. */
export function tidy(text: string): string {
  return text
    .replace(/^\(alias\) /, "")
    .replace(/\nimport .*$/, "")
    .replace(/(?:typeof )?import\("[^"]*\/cenote-cell-(?:\d+|next)"\)\./g, "");
}

function plain({ signatures, documentation, tags }: Known): string {
  const lines = tags.map(({ name, text }) => `@${name} ${text}`.trimEnd());
  return [signatures.join("\n"), documentation, lines.join("\n")].filter(Boolean).join("\n\n");
}

function markdown({ signatures, documentation, tags }: Known): string {
  const lines = tags.map(({ name, text }) => {
    const [, word, rest] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    if (name === "param" && word) return `*@param* \`${word}\` ${rest}`;
    return text.includes("\n") ? `*@${name}*\n${text}` : `*@${name}* ${text}`;
  });
  const code = `\`\`\`ts\n${signatures.join("\n")}\n\`\`\``;
  return [code, documentation, ...lines].filter(Boolean).join("\n\n");
}
