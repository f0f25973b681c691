// CommonJS modules as TypeScript's types describe them. Node gives the names that its scan of the code
// finds, and `module.exports` as the default export. Here all that is exported has its name, and the
// default export of a module that calls itself `__esModule` is the one that it calls `default`. And what
// cells know of CommonJS's own names.

import { createRequire, Module as NodeModule } from "node:module";
import { dirname } from "node:path";
import { type COMMONJS_NAMES, standIn } from "../language/index.ts";
import { missingExport } from "./missing-exports.ts";

type Module = Record<string, unknown>;

/** By Node's module object, so that a module stays the same object at each import. */
const views = new WeakMap<object, Module>();

/** What an import of this module gives; ES modules are left as they are. */
export function asTypeScript(module: Module): Module {
  const exports = module["module.exports"];
  if (!isObject(exports)) return module;
  const hidden = hiddenNames(module, exports);
  const hasOwnDefault = "__esModule" in exports && "default" in exports;
  if (hidden.length === 0 && !hasOwnDefault) return module;
  const view = views.get(module) ?? newView(module, exports);
  for (const name of Object.keys(module)) {
    if (name !== "module.exports") define(view, name, { value: module[name] });
  }
  if (hasOwnDefault) define(view, "default", { value: exports.default });
  for (const name of hidden) define(view, name, lazily(exports, name));
  return view;
}

/** Lists and bytes, of which there may be millions, have no names. */
function hiddenNames(module: Module, exports: object): string[] {
  if (Array.isArray(exports) || ArrayBuffer.isView(exports)) return [];
  return Object.keys(exports).filter((name) => name !== "default" && !(name in module));
}

function newView(module: Module, exports: object): Module {
  const view = Object.create(null) as Module;
  Object.defineProperty(view, Symbol.toStringTag, { value: "Module" });
  Object.defineProperty(view, "module.exports", { value: exports });
  views.set(module, view);
  return view;
}

/** What `import { name }` gets. Names that are inherited count too, as in a class's instance. */
export function exported(module: Module, name: string, specifier: string): unknown {
  if (name === "*") return module;
  if (name in module) return module[name];
  const exports = module["module.exports"];
  if (isObject(exports) && name in exports) return (exports as Module)[name];
  throw new SyntaxError(missingExport(name, specifier));
}

const isObject = (value: unknown): value is object =>
  value !== null && (typeof value === "object" || typeof value === "function");

function define(view: Module, name: string, how: PropertyDescriptor): void {
  Object.defineProperty(view, name, { ...how, enumerable: true, configurable: true });
}

/** Packages load parts of themselves in getters. */
function lazily(exports: object, name: string): PropertyDescriptor {
  const own = Object.getOwnPropertyDescriptor(exports, name)!;
  return own.get ? { get: () => (exports as Module)[name] } : { value: own.value };
}

/** `require`, and what else a CommonJS module at this path would know. */
export function defineCommonJsNames(path: string): void {
  const require = createRequire(path);
  const module = new NodeModule(path);
  module.filename = path;
  module.paths = require.resolve.paths(path) ?? [];
  require.main = module; // as in a file that Node was started with
  const names: Record<(typeof COMMONJS_NAMES)[number], unknown> = {
    __dirname: dirname(path),
    __filename: path,
    exports: module.exports,
    module,
  };
  for (const [name, value] of [["require", require] as const, ...Object.entries(names)]) {
    const known = name === "require" ? name : standIn(name);
    Object.defineProperty(globalThis, known, { configurable: true, writable: true, value });
  }
}
