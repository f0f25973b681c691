// Looks at the values of the running notebook from another thread, through V8's inspector, which answers
// even while a cell spins. Nothing of the user's runs: getters and proxies are left alone.

import { isStandIn, standIn } from "./stand-ins.ts";

/** The part of node:inspector's Session that is used, connected to the thread that runs cells. */
export interface InspectorSession {
  post(
    method: string,
    params: object,
    done: (error: Error | null, answer?: Record<string, unknown>) => void,
  ): void;
}

/** A name that can be completed. */
export interface LiveName {
  name: string;
  /** One word: function, class, instance, keyword, property, module … */
  kind: string;
  /** Of a property that a prototype has. */
  inherited?: boolean;
}

const GROUP = "cenote-look";
/** A main thread inside a long native call doesn't answer; the names known before serve then. */
const ANSWER_MS = 400;

interface RemoteAnswer {
  result?: { objectId?: string; value?: unknown };
  exceptionDetails?: unknown;
}

export class LiveValues {
  readonly #session: InspectorSession;
  readonly #interrupt: () => Promise<void> | undefined;
  #lastGlobals: LiveName[] = [];

  /**
   * `interrupt`: a promise of the end of the interrupt that is under way, if one is. It is waited for: what
   * ends a cell would end the code below in its stead, or have V8 pause within an answer, where Node's
   * inspector hears of nothing more.
   */
  constructor(session: InspectorSession, interrupt: () => Promise<void> | undefined) {
    this.#session = session;
    this.#interrupt = interrupt;
  }

  /** Everything that an expression can begin with. */
  async globals(): Promise<LiveName[]> {
    const lexical = await this.#post("Runtime.globalLexicalScopeNames", {});
    const names = (lexical?.["names"] as string[] | undefined) ?? [];
    const known = (await this.#collect("globalThis", [])) ?? [];
    const own = names.filter((name) => !isStandIn(name));
    const found = [...own.map((name): LiveName => ({ name, kind: "instance" })), ...known];
    if (found.length > 0) this.#lastGlobals = found;
    return this.#lastGlobals;
  }

  /** Names of the properties of `root.path[0].path[1]…`, or undefined when there is no such value. */
  async properties(root: string, path: string[]): Promise<LiveName[] | undefined> {
    return this.#collect(root, path);
  }

  /** A description of that value, or undefined when there is none. */
  async describe(root: string, path: string[], detail: number): Promise<string | undefined> {
    return this.#call<string>(root, DESCRIBE, [path, detail]);
  }

  async #collect(root: string, path: string[]): Promise<LiveName[] | undefined> {
    const found = await this.#call<[string, LiveName["kind"], boolean][]>(root, COLLECT, [path]);
    return found?.map(([name, kind, inherited]) => ({ name, kind, inherited }));
  }

  async #call<T>(root: string, body: string, args: unknown[]): Promise<T | undefined> {
    // The array keeps a primitive from being copied into the answer instead of getting a handle.
    const other = standIn(root);
    const holder = (await this.#post("Runtime.evaluate", {
      expression: `[typeof ${other} === "undefined" ? ${root} : ${other}]`,
      silent: true,
      objectGroup: GROUP,
    })) as RemoteAnswer | undefined;
    const objectId = holder?.result?.objectId;
    if (holder?.exceptionDetails || !objectId) return undefined;
    const answer = (await this.#post("Runtime.callFunctionOn", {
      functionDeclaration: `function (...args) { ${HELPERS} return (${body})(this[0], ...args); }`,
      objectId,
      arguments: args.map((value) => ({ value })),
      returnByValue: true,
      silent: true,
    })) as RemoteAnswer | undefined;
    this.#session.post("Runtime.releaseObjectGroup", { objectGroup: GROUP }, () => {});
    if (answer?.exceptionDetails) return undefined;
    return (answer?.result?.value as T | null | undefined) ?? undefined;
  }

  async #post(method: string, params: object): Promise<Record<string, unknown> | undefined> {
    const { promise: late, resolve: isLate } = Promise.withResolvers<undefined>();
    let over = false;
    const timer = setTimeout(() => isLate(undefined), ANSWER_MS);
    const answer = this.#whenFree().then(() => (over ? undefined : this.#ask(method, params)));
    const first = await Promise.race([answer, late]);
    clearTimeout(timer);
    over = true;
    return first;
  }

  async #whenFree(): Promise<void> {
    for (let busy = this.#interrupt(); busy; busy = this.#interrupt()) await busy;
  }

  #ask(method: string, params: object): Promise<Record<string, unknown> | undefined> {
    return new Promise((resolve) => {
      this.#session.post(method, params, (error, answer) => resolve(error ? undefined : answer));
    });
  }
}

// What follows runs in the notebook's thread, as text.

/** `follow` goes along a path by data properties; getters and proxies end it. */
const HELPERS = `
  const { inspect, types } = process.getBuiltinModule("node:util");
  const missing = Symbol();
  const owner = (value, key) => {
    let at = Object(value);
    for (let depth = 0; at !== null && depth < 50; depth++) {
      if (types.isProxy(at)) return undefined;
      const found = Object.getOwnPropertyDescriptor(at, key);
      if (found) return found;
      at = Object.getPrototypeOf(at);
    }
    return undefined;
  };
  const follow = (value, path) => {
    for (const key of path) {
      if (value === null || value === undefined) return missing;
      const found = owner(value, key);
      if (!found || !("value" in found)) return missing;
      value = found.value;
    }
    return value;
  };
`;

const COLLECT = `(root, path) => {
  const value = follow(root, path);
  if (value === missing || value === null || value === undefined) return null;
  const names = new Map();
  let at = Object(value);
  for (let depth = 0; at !== null && depth < 50 && names.size < 5000; depth++) {
    if (types.isProxy(at)) break;
    const large = ArrayBuffer.isView(at) || (Array.isArray(at) && at.length > 1000);
    const keys = large ? [] : Object.getOwnPropertyNames(at);
    for (const key of keys) {
      if (names.has(key) || !/^[\\p{L}_$][\\p{L}\\p{N}_$]*$/u.test(key)) continue;
      const found = Object.getOwnPropertyDescriptor(at, key);
      const is = typeof found.value;
      const cls = is === "function" && /^class\\b/.test(Function.prototype.toString.call(found.value).slice(0, 6));
      names.set(key, [is === "function" ? (cls ? "class" : "function") : "instance", depth > 0]);
    }
    at = Object.getPrototypeOf(at);
  }
  return [...names].map(([name, [kind, inherited]]) => [name, kind, inherited]);
}`;

const DESCRIBE = `(root, path, detail) => {
  const value = follow(root, path);
  if (value === missing) return null;
  if (typeof value === "function") {
    const source = Function.prototype.toString.call(value);
    const end = source.indexOf("{");
    const head = /^class\\b/.test(source) || !source.includes("=>") || end < source.indexOf("=>")
      ? source.slice(0, end < 0 ? 200 : end)
      : source.slice(0, source.indexOf("=>") + 2);
    return (detail > 0 ? source.slice(0, 4000) : head.trim().slice(0, 400)) || String(value.name);
  }
  const type = value === null ? "null" : typeof value === "object"
    ? (owner(value, "constructor")?.value?.name || "object") : typeof value;
  const shown = inspect(value, {
    depth: detail > 0 ? 2 : 0, customInspect: false, getters: false,
    maxArrayLength: 20, maxStringLength: 400, breakLength: 100,
  });
  return type + ": " + shown.slice(0, 4000);
}`;
