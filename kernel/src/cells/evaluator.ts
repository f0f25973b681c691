// Runs the scripts of cells in the notebook's global scope. By node:vm, not by the inspector's REPL mode:
// V8 answers a REPL evaluation whose promise is collected (an await that nothing will ever end, a cell that
// was terminated) from inside the garbage collector, which ends the process.
import v8 from "node:v8";
import vm from "node:vm";
import type { CellCode } from "../language/index.ts";
import { follow } from "./intrinsics.ts";

// V8 keeps every script that was compiled, in case the same text comes again: cells would add up.
v8.setFlagsFromString("--no-compilation-cache");
// It takes the check for interrupts out of loops that it wrongly believes to be short, for instance
// `while (true) new Array(1000).fill(0)` (V8 13.6); nothing but the process's end would stop them.
v8.setFlagsFromString("--no-turboshaft-loop-unrolling");
// A loop at the top of a cell runs once: what it gets while it runs is the best that it gets. The middle
// compiler's code for it would stay to the loop's end, up to ten times slower than the last compiler's; and
// code that is made beside the running loop depends on how far the loop came meanwhile.
v8.setFlagsFromString("--no-maglev-osr");
v8.setFlagsFromString("--no-concurrent-osr");

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
    this.#declare(cell.declares);
    return { script: new vm.Script(cell.code, { filename: url }), isAsync: cell.isAsync };
  }

  /**
   * Runs a cell's script and calls `done` when it has ended; not when it is terminated, nor while it waits
   * for something that never happens. Code that doesn't await is run before this returns.
   */
  run({ script, isAsync }: Compiled, done: (outcome: Outcome) => void): void {
    try {
      script.runInThisContext();
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

  #declare(names: readonly string[]): void {
    for (const name of names) {
      if (this.#declared.has(name)) continue;
      vm.runInThisContext(`"use strict"; let ${name};`);
      this.#declared.add(name);
    }
  }
}
