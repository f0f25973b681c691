// What the runner keeps of a cell until it has ended.
import type { ExecuteJob } from "../base/index.ts";
import type { CellCode } from "../language/index.ts";
import { Cancellation } from "./cancellation.ts";

export interface Held {
  doing: Promise<unknown>;
  /** Where a cell that fails doesn't wait for it: ends it. */
  giveUp: (() => void) | undefined;
}

export interface RunningCell {
  job: ExecuteJob;
  url: string;
  cancellation: Cancellation;
  /** What it declares once its imports are loaded, until then. */
  declares: CellCode | undefined;
  /** What `using` at its top holds. */
  disposables: AsyncDisposableStack | undefined;
  result: unknown;
  hasResult: boolean;
  ended: boolean;
  /** What the cell began and that is to be over at its end: displays that are not shown yet, questions. */
  held: Held[];
  /** Of the reply: what the frontend is asked to do besides. */
  payload: object[];
}

/** A cell that begins; `url` names its source in stack traces. */
export function newCell(job: ExecuteJob, url: string): RunningCell {
  return {
    job,
    url,
    cancellation: new Cancellation(),
    declares: undefined,
    disposables: undefined,
    result: undefined,
    hasResult: false,
    ended: false,
    held: [],
    payload: [],
  };
}
