// Looks at the values of the running notebook from another thread, through V8's inspector, which answers
// even while a cell spins. Nothing of the user's runs: what looks (looks.ts) leaves getters and proxies alone.
import type { Found, looks } from "./looks.ts";
import { RUNTIME } from "./runtime-names.ts";
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

/** What V8 keeps of a look that failed: its error, and by its stack all that the cell's functions hold. */
const GROUP = "cenote-look";
/** A main thread inside a long native call doesn't answer; the names known before serve then. */
const ANSWER_MS = 400;

interface RemoteAnswer {
  result?: { value?: unknown };
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
    const [lexical, known] = await Promise.all([
      this.#post("Runtime.globalLexicalScopeNames", {}),
      this.#collect("globalThis", []),
    ]);
    const names = (lexical?.["names"] as string[] | undefined) ?? [];
    const own = names.filter((name) => !isStandIn(name));
    const found = [...own.map((name): LiveName => ({ name, kind: "instance" })), ...(known ?? [])];
    if (found.length > 0) this.#lastGlobals = found;
    return this.#lastGlobals;
  }

  /** Names of the properties of `root.path[0].path[1]…`, or undefined when there is no such value. */
  async properties(root: string, path: string[]): Promise<LiveName[] | undefined> {
    return this.#collect(root, path);
  }

  /** A description of that value, or undefined when there is none. */
  async describe(root: string, path: string[], detail: number): Promise<string | undefined> {
    return this.#call<string>("describe", root, [path, detail]);
  }

  async #collect(root: string, path: string[]): Promise<LiveName[] | undefined> {
    const found = await this.#call<Found[]>("collect", root, [path]);
    return found?.map(([name, kind, inherited]) => ({ name, kind, inherited }));
  }

  /** All in one message: each wakes two threads. */
  async #call<T>(look: keyof typeof looks, root: string, args: unknown[]): Promise<T | undefined> {
    const other = standIn(root);
    const value = `typeof ${other} === "undefined" ? ${root} : ${other}`;
    const given = [value, ...args.map((arg) => JSON.stringify(arg))].join(", ");
    const answer = (await this.#post("Runtime.evaluate", {
      expression: `${RUNTIME}.${look}(${given})`,
      returnByValue: true,
      silent: true,
      objectGroup: GROUP,
    })) as RemoteAnswer | undefined;
    if (answer?.exceptionDetails) {
      this.#session.post("Runtime.releaseObjectGroup", { objectGroup: GROUP }, () => {});
      return undefined;
    }
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
