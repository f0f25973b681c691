// What looks at the notebook's values, in the notebook's thread; live-values.ts calls it from another one.
// Nothing of the user's runs: getters and proxies are left alone.
import { inspect, types } from "node:util";

const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf } = Object;
const textOf = Function.prototype.call.bind(Function.prototype.toString) as (of: unknown) => string;

const MAX_DEPTH = 50;
const MAX_NAMES = 5000;
/** Elements of longer arrays are not told one by one. */
const MAX_ELEMENTS = 1000;
const MAX_CHARACTERS = 4000;
const MAX_HEAD = 400;
const NAME = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

/** Name, kind, and whether a prototype has it. */
export type Found = [name: string, kind: string, inherited: boolean];

const missing = Symbol();

/** The value at the end of a path of data properties. */
function follow(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (value === null || value === undefined) return missing;
    const found = ownerOf(value, key);
    if (!found || !("value" in found)) return missing;
    value = found.value;
  }
  return value;
}

function ownerOf(value: unknown, key: string): PropertyDescriptor | undefined {
  let at = Object(value);
  for (let depth = 0; at !== null && depth < MAX_DEPTH; depth++) {
    if (types.isProxy(at)) return undefined;
    const found = getOwnPropertyDescriptor(at, key);
    if (found) return found;
    at = getPrototypeOf(at);
  }
  return undefined;
}

/** The properties of the value at the end of the path; null where there is none. */
function collect(root: unknown, path: readonly string[]): Found[] | null {
  const value = follow(root, path);
  if (value === missing || value === null || value === undefined) return null;
  const names = new Map<string, Found>();
  let at = Object(value);
  for (let depth = 0; at !== null && depth < MAX_DEPTH && names.size < MAX_NAMES; depth++) {
    if (types.isProxy(at)) break;
    const isLarge = ArrayBuffer.isView(at) || (Array.isArray(at) && at.length > MAX_ELEMENTS);
    for (const key of isLarge ? [] : getOwnPropertyNames(at)) {
      if (names.has(key) || !NAME.test(key)) continue;
      names.set(key, [key, kindOf(getOwnPropertyDescriptor(at, key)?.value), depth > 0]);
    }
    at = getPrototypeOf(at);
  }
  return [...names.values()];
}

function kindOf(value: unknown): string {
  if (typeof value !== "function") return "instance";
  return isClass(textOf(value).slice(0, 6)) ? "class" : "function";
}

const isClass = (source: string) => /^class\b/.test(source);

/** Text about the value at the end of the path; null where there is none. More of it with `detail` above 0. */
function describe(root: unknown, path: readonly string[], detail: number): string | null {
  const value = follow(root, path);
  if (value === missing) return null;
  if (typeof value === "function") return functionText(value, detail) || String(value.name);
  const shown = inspect(value, {
    depth: detail > 0 ? 2 : 0,
    customInspect: false,
    getters: false,
    maxArrayLength: 20,
    maxStringLength: 400,
    breakLength: 100,
  });
  return `${typeName(value)}: ${shown.slice(0, MAX_CHARACTERS)}`;
}

function functionText(value: unknown, detail: number): string {
  const source = textOf(value);
  if (detail > 0) return source.slice(0, MAX_CHARACTERS);
  const body = source.indexOf("{");
  const arrow = source.indexOf("=>");
  const isArrow = !isClass(source) && arrow >= 0 && body >= arrow;
  const head = isArrow ? arrow + 2 : body;
  return source
    .slice(0, head < 0 ? 200 : head)
    .trim()
    .slice(0, MAX_HEAD);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return ownerOf(value, "constructor")?.value?.name || "object";
}

/** For the global object; see runtime-names.ts. */
export const looks = { collect, describe };
