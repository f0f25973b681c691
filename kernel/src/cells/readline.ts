// What node:readline wants of process.stdin. It reads its input from the moment it is made, so that the stream
// can't tell whether somebody waits for a line; its methods do.
import type { EventEmitter } from "node:events";
import type { Interface } from "node:readline";

/** As of node:readline and node:readline/promises alike. */
export type LineReader = Interface & { readonly input: unknown };

interface Served {
  prompt(text: string, reader: LineReader): void;
  serve(reader: LineReader): void;
}

/** Has the reader forget the question that it waits with; the next one would ask that once more. */
export function cancelQuestion(reader: LineReader): void {
  const all = Object.getPrototypeOf(promisesOf().Interface.prototype) as Record<symbol, () => void>;
  const cancel = Object.getOwnPropertySymbols(all).find((one) => one.description === CANCEL);
  if (!cancel) return;
  define(reader, "clearLine", () => {}); // nothing was printed that a new line should follow
  all[cancel]!.call(reader);
  Reflect.deleteProperty(reader, "clearLine");
}

/** Node's name for what a question's signal calls. */
const CANCEL = "kQuestionCancel";
const promisesOf = () => process.getBuiltinModule("node:readline").promises;

type Method = (this: LineReader, ...given: unknown[]) => unknown;

/** `servedBy` gives who answers for this input, if it is the notebook's. */
export function watchReadline(servedBy: (input: unknown) => Served | undefined): void {
  const shared = Object.getPrototypeOf(promisesOf().Interface.prototype) as Record<string, Method>;
  const { prompt, resume } = shared as { prompt: Method; resume: Method };
  // The frontend shows the text beside its field, so it isn't printed. Questions are prompts, too.
  define(shared, "prompt", function (...given) {
    const served = servedBy(this.input);
    if (!served) return prompt.apply(this, given);
    if ((this as unknown as { paused: boolean }).paused) this.resume();
    return served.prompt(this.getPrompt(), this);
  });
  define(shared, "resume", function (...given) {
    const result = resume.apply(this, given);
    if (this.listenerCount("line") > 0) servedBy(this.input)?.serve(this);
    return result;
  });
  for (const name of ["on", "addListener"] as const) {
    const listen = (shared as unknown as EventEmitter)[name] as Method;
    define(shared, name, function (...given) {
      const result = listen.apply(this, given);
      if (given[0] === "line") servedBy(this.input)?.serve(this);
      return result;
    });
  }
}

function define(object: object, name: string, value: Method): void {
  Object.defineProperty(object, name, { configurable: true, writable: true, value });
}
