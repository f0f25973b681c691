// What JSX in a cell or a local file becomes: calls of the kernel's own function, which makes HTML
// (cells/jsx.ts), or of the library's that the code has imported or names in a comment.
import type { JsxOptions } from "oxc-transform";
import { RUNTIME } from "./runtime-names.ts";

export interface JsxFactory {
  /** What is called for an element, and what stands for a fragment. */
  factory: string;
  fragment: string;
  /** The package of the automatic runtime instead. */
  importSource?: string;
}

const OWN: JsxFactory = { factory: `${RUNTIME}.h`, fragment: `${RUNTIME}.Fragment` };
const REACT: JsxFactory = { factory: "React.createElement", fragment: "React.Fragment" };
const H: JsxFactory = { factory: "h", fragment: "Fragment" };

/** `imports` tells whether a name in scope was imported. Comments `@jsx` and `@jsxFrag` go before it. */
export function jsxFactory(source: string, imports: (name: string) => boolean): JsxFactory {
  const from = /@jsxImportSource\s+([^\s*]+)/.exec(source)?.[1];
  const chosen = imports("React") ? REACT : imports("h") ? H : OWN;
  return from ? { ...chosen, importSource: from } : chosen;
}

export function oxcJsx({ factory, fragment, importSource }: JsxFactory): JsxOptions {
  const shared = { throwIfNamespace: false, pure: false };
  if (importSource) return { ...shared, runtime: "automatic", importSource };
  return { ...shared, runtime: "classic", pragma: factory, pragmaFrag: fragment };
}
