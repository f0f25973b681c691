// Runs scripts in V8's REPL mode through the inspector. Values never pass through the inspector's own
// descriptions, except that what was thrown is fetched by its handle; handles are released at once.
import { type Runtime, Session } from "node:inspector";

export type Outcome =
  | { ok: true }
  | {
      ok: false;
      thrown: unknown;
      /** Where compilation failed, from 1, in the script that was run; only for syntax errors. */
      at: { line: number; column: number };
    };

const GROUP = "cenote-cell";

export class Evaluator {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  /** Runs the script. `done` is not called when the script is terminated. */
  run(script: string, done: (outcome: Outcome) => void): void {
    this.#session.post(
      "Runtime.evaluate",
      { expression: script, replMode: true, silent: true, objectGroup: GROUP },
      (error, answer) => {
        const outcome: Outcome = error
          ? { ok: false, thrown: new Error(error.message), at: { line: 0, column: 0 } }
          : this.#outcomeOf(answer as Runtime.EvaluateReturnType);
        this.#session.post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
        done(outcome);
      },
    );
  }

  #outcomeOf(answer: Runtime.EvaluateReturnType): Outcome {
    const details = answer.exceptionDetails;
    if (!details) return { ok: true };
    const at = { line: details.lineNumber + 1, column: details.columnNumber + 1 };
    return { ok: false, thrown: this.#valueOf(details.exception), at };
  }

  #valueOf(remote: Runtime.RemoteObject | undefined): unknown {
    if (!remote) return undefined;
    if (remote.objectId) return this.#fetch(remote.objectId);
    if (remote.unserializableValue === undefined) return remote.value;
    const text = remote.unserializableValue;
    return text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text);
  }

  /** The object itself, handed over by a function that runs with it as argument. */
  #fetch(objectId: string): unknown {
    const box: { value?: unknown } = {};
    handover.take = (value) => {
      box.value = value;
    };
    this.#session.post("Runtime.callFunctionOn", {
      functionDeclaration: `function (value) { globalThis[Symbol.for("${HANDOVER}")].take(value); }`,
      objectId,
      arguments: [{ objectId }],
      silent: true,
    });
    handover.take = () => {};
    return box.value;
  }
}

const HANDOVER = "cenote.handover";
const handover = { take: (_value: unknown): void => {} };
Object.defineProperty(globalThis, Symbol.for(HANDOVER), { value: handover });
