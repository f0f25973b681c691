// What the magics at the head of a cell do; language/magic-answers.ts makes calls of these of them.
// `%types` is the wire's affair.
import { CenoteError } from "../../base/index.ts";
import type { CellOutput } from "../output.ts";
import { helpText } from "./help.ts";
import { Npm } from "./npm.ts";
import { Timing } from "./timing.ts";
import { type Variables, whoBundle } from "./who.ts";

export interface MagicsHost {
  /** The notebook's. */
  folder: string;
  output: CellOutput;
  variables: Variables;
  /** Forgets local modules: those that these specifiers mean, or all. Returns the names of those forgotten. */
  reload(specifiers: readonly string[]): string[];
}

export class Magics {
  readonly #host: MagicsHost;
  readonly #npm: Npm;
  readonly #timing = new Timing();

  constructor(host: MagicsHost) {
    this.#host = host;
    this.#npm = new Npm(host.folder, (name, text) => host.output.text(name, text));
  }

  /** What the generated code of cells calls. */
  readonly hooks = {
    magic: (name: string, rest: string): Promise<void> | undefined => {
      try {
        return this.#run(name, rest)?.catch(fail);
      } catch (error) {
        return fail(error);
      }
    },
    time: (id: number): void => this.#timing.begin(id),
    timed: (id: number): void => this.#host.output.text("stdout", `${this.#timing.end(id)}\n`),
  };

  /** Ends what a magic has started. */
  interrupt(): void {
    this.#npm.stop();
  }

  #run(name: string, rest: string): Promise<void> | undefined {
    const { output, variables } = this.#host;
    switch (name) {
      case "npm":
        return this.#npm.run(rest);
      case "reload":
        this.#reload(rest);
        break;
      case "who":
        if (rest !== "") throw surplus(rest);
        output.display({ data: whoBundle(variables), metadata: {} });
        break;
      case "help": {
        const text = helpText(rest);
        output.display({ data: { "text/markdown": text, "text/plain": text }, metadata: {} });
      }
    }
    return undefined;
  }

  #reload(rest: string): void {
    const wanted = rest.split(/\s+/).filter(Boolean);
    const forgotten = this.#host.reload(wanted);
    if (wanted.length > 0 && forgotten.length < wanted.length) {
      throw new CenoteError("NO_SUCH_MODULE", `%reload: there is no local module ${rest}`, {
        mend: "Name it as an import does, for instance %reload ./helpers.ts",
      });
    }
  }
}

const surplus = (rest: string) =>
  new CenoteError("SURPLUS", `%who: wanted nothing after it, found ${JSON.stringify(rest)}`, {
    mend: "It lists all variables; write the name of one by itself to see its value",
  });

/** Its message says which magic it was; the frames are of code that the user never saw. */
function fail(error: unknown): never {
  if (error instanceof Error) error.stack = `${error.name}: ${error.message}`;
  throw error;
}
