// What the panel says in each state: a word for the badge, and where there is nothing to show, why and
// what to do about it.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { LinkState } from "../model/link-state.ts";

export interface Message {
  title: string;
  text: string;
  /** Code that the reader may copy into a cell. */
  code?: string;
}

/** One or two words for the badge beside the notebook's name. */
export function badge(trans: TranslationBundle, state: LinkState): string {
  const words: Record<LinkState, string> = {
    nobody: "",
    "no-kernel": trans.__("no kernel"),
    starting: trans.__("starting"),
    foreign: trans.__("not Cenote"),
    connecting: trans.__("connecting"),
    live: trans.__("live"),
    paused: trans.__("paused"),
    reconnecting: trans.__("reconnecting"),
    dead: trans.__("kernel ended"),
    refused: trans.__("no monitor"),
    mismatch: trans.__("version"),
  };
  return words[state];
}

/** What to say in place of the pictures; undefined while there is something to see. */
export function message(
  trans: TranslationBundle,
  state: LinkState,
  kernelName: string,
  foreignVersion: number | undefined,
  known: boolean,
): Message | undefined {
  switch (state) {
    case "nobody":
      return {
        title: trans.__("No notebook yet"),
        text: trans.__("Open a notebook or console with the kernel “TypeScript (Cenote)”."),
      };
    case "no-kernel":
      return {
        title: trans.__("No kernel"),
        text: trans.__(
          "This notebook has no kernel. Choose “TypeScript (Cenote)” to see its pool.",
        ),
      };
    case "starting":
      return {
        title: trans.__("The kernel is starting"),
        text: trans.__("The pool shows as soon as the kernel answers."),
      };
    case "foreign":
      return {
        title: trans.__("This kernel has no pool"),
        text: trans.__(
          "“%1” does not own GPU memory that Cenote could show. Notebooks with the kernel “TypeScript (Cenote)” do.",
          kernelName,
        ),
      };
    case "refused":
      return {
        title: trans.__("The kernel has no monitor"),
        text: trans.__(
          "It closed the panel's connection. Update the cenote package, then restart the kernel.",
        ),
      };
    case "mismatch":
      return {
        title: trans.__("Panel and kernel differ"),
        text: trans.__(
          "The kernel speaks version %1 of the monitor's protocol, this panel another. Update cenote and cenote-lab to the same version.",
          String(foreignVersion ?? "?"),
        ),
      };
    case "dead":
      return known
        ? undefined
        : {
            title: trans.__("The kernel has ended"),
            text: trans.__("Restart it to see its pool."),
          };
    case "reconnecting":
    case "connecting":
    case "paused":
    case "live":
      return known
        ? undefined
        : {
            title: trans.__("Waiting for the kernel"),
            text: trans.__("The pool shows as soon as it answers."),
          };
  }
}

/** For a kernel that hasn't touched the GPU. */
export function unused(trans: TranslationBundle): Message {
  return {
    title: trans.__("No GPU memory used yet"),
    text: trans.__("The pool shows here, live, as soon as a cell uses it. For example:"),
    code: 'import { get, gpu } from "cenote";\nconst t = await get("flights");\nawait gpu(t)',
  };
}

/** "cell [14] line 7", as far as it is known. */
export function place(trans: TranslationBundle, cell: number, line: number): string {
  if (cell === 0) return trans.__("outside cells");
  return line === 0 ? trans.__("cell [%1]", cell) : trans.__("cell [%1] line %2", cell, line);
}
