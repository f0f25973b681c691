// Runs the scripts of cells in the notebook's global scope. By node:vm, not by the inspector's REPL mode:
// V8 answers a REPL evaluation whose promise is collected (an await that nothing will ever end, a cell that
// was terminated) from inside the garbage collector, which ends the process.
import vm from "node:vm";
import type { CellCode } from "../language/index.ts";
import { follow } from "./intrinsics.ts";

export type Outcome = { ok: true } | { ok: false; thrown: unknown };

export interface Compiled {
  script: vm.Script;
  isAsync: boolean;
}

export class Evaluator {
  /** Names that cells have declared, each by a `let` of its own in the global scope. */
  readonly #declared = new Set<string>();
  #body: (() => Promise<void>) | undefined;

  /** For the script of a cell that awaits: takes its body. */
  readonly take = (body: () => Promise<void>): void => {
    this.#body = body;
  };

  /** Throws SyntaxError for what the parser let through and V8 doesn't. */
  compile(cell: CellCode, url: string): Compiled {
    return { script: new vm.Script(cell.code, { filename: url }), isAsync: cell.isAsync };
  }

  /** Declares what of these is not declared yet. */
  declare(names: readonly string[]): void {
    for (const name of names) {
      if (this.#declared.has(name)) continue;
      vm.runInThisContext(`"use strict"; let ${name};`);
      this.#declared.add(name);
    }
  }

  /**
   * Runs a cell's script and calls `done` when it has ended; not when it is terminated, nor while it waits
   * for something that never happens. Code that doesn't await is run before this returns.
   */
  run({ script, isAsync }: Compiled, done: (outcome: Outcome) => void): void {
    try {
      // Node would write the line of the generated code into the stack of what is thrown.
      script.runInThisContext({ displayErrors: false });
    } catch (thrown) {
      done({ ok: false, thrown });
      return;
    }
    if (!isAsync) {
      done({ ok: true });
      return;
    }
    const body = this.#body!;
    this.#body = undefined;
    void follow(
      body(),
      () => done({ ok: true }),
      (thrown) => done({ ok: false, thrown }),
    );
  }

  /** The variables that cells have declared. */
  get names(): Iterable<string> {
    return this.#declared;
  }

  /** What a variable holds now. */
  valueOf(name: string): unknown {
    return vm.runInThisContext(name);
  }
}
