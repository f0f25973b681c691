// A plugin for esbuild: Node's own modules are looked up, not imported. An import of node:fs, say, reads
// all its exports, also those that Node loads only when they are read (fs.promises, crypto.webcrypto): that
// is a third of the processor time that a bundle takes to load.
import { isBuiltin } from "node:module";
import { relative } from "node:path";
import { root } from "./paths.mjs";

const NAMESPACE = "builtin";
const isName = (key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default";

/** What isn't used is dropped by esbuild, since looking it up is said to do nothing else. */
function lookups(specifier) {
  const names = Object.keys(process.getBuiltinModule(specifier)).filter(isName);
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(specifier)});`,
    "const get = (name) => builtin[name];",
    "export default builtin;",
    ...names.map(
      (name) => `const _${name} = /* @__PURE__ */ get("${name}");\nexport { _${name} as ${name} };`,
    ),
  ].join("\n");
}

export const builtinsByLookup = {
  name: "builtins-by-lookup",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, importer, kind }) => {
      if (kind !== "import-statement" || !isBuiltin(path)) return undefined;
      // A copy for each importer: shared, they would become chunks of their own.
      return {
        path,
        namespace: NAMESPACE,
        suffix: `?for=${relative(root, importer)}`,
        sideEffects: false,
      };
    });
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: lookups(path),
      loader: "js",
    }));
  },
};
