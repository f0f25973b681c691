// A cell in `execSync("sleep 100")` runs no JavaScript that could be terminated: the main thread sleeps
// until its child ends. What Ctrl+C does in a terminal is done here: the child and what it started get the
// signal. Known only where Linux says what a thread sleeps in (/proc/PID/task/TID/wchan); elsewhere nothing
// is done, and such a cell ends with its child.
import { readFileSync } from "node:fs";

/** Node waits for the child in an event loop of its own; in its usual loop it would have seen the interrupt. */
const IN_EVENT_LOOP = /epoll|ep_poll/;

/** So long asleep, with interrupts unseen, means that it isn't the usual loop. */
const ASLEEP_MS = 60;
/** A child that SIGINT doesn't end gets SIGTERM after this. */
const PATIENCE_MS = 500;

/** The child process that the main thread waits for during one interrupt, if there is one. */
export class AwaitedChild {
  #asleepSince: number | undefined;
  #signals = 0;

  /** Ends the child once it is certain that it is awaited. To be called again and again; `now` in ms. */
  endIfAwaited(now: number): void {
    const main = `/proc/self/task/${process.pid}`;
    if (!IN_EVENT_LOOP.test(read(`${main}/wchan`))) {
      this.#asleepSince = undefined;
      return;
    }
    this.#asleepSince ??= now;
    if (now - this.#asleepSince < (this.#signals === 0 ? ASLEEP_MS : PATIENCE_MS)) return;
    this.#asleepSince = now;
    // The list is in the order of birth, and a thread that waits has started none since.
    const awaited = children(main).at(-1);
    if (awaited !== undefined) signalAll(awaited, this.#signals++ === 0 ? "SIGINT" : "SIGTERM");
  }
}

/** To a process and those that it started. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const one of [pid, ...descendants(pid)]) {
    try {
      process.kill(one, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function descendants(pid: number): number[] {
  const own = children(`/proc/${pid}/task/${pid}`);
  return own.flatMap((child) => [child, ...descendants(child)]);
}

function children(task: string): number[] {
  return read(`${task}/children`).split(" ").filter(Boolean).map(Number);
}

/** Empty where the system doesn't tell. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
