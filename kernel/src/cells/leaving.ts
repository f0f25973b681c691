// `exit` and `quit`, which leave other kernels' consoles: frontends that are left by them are asked to go.
import type { KnownNames } from "../language/index.ts";

const WORD = /^\s*(exit|quit)\s*(?:\(\s*\))?\s*;?\s*$/;

/** Whether the cell is nothing but one of these words, which the notebook gives no meaning of its own. */
export function asksToLeave(code: string, known: KnownNames): boolean {
  const word = WORD.exec(code)?.[1];
  return word !== undefined && !known.get(word) && !(word in globalThis);
}

/** Part of the reply, for jupyter console. */
export const LEAVE = { source: "ask_exit", keepkernel: false };

/** For frontends that stay. */
export const STAYING =
  "exit and quit leave a console. In a notebook, process.exit() or its menu ends the kernel.\n";
