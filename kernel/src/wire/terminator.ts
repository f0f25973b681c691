// Ends whatever JavaScript the main thread runs, by V8's inspector. V8 can be asked to terminate, but where
// that hits code that Node calls from within (its handler of rejected promises, above all), Node swallows
// the termination: the code goes on, and V8 takes no further request, because it waits for the first to end.
// The code is then paused instead, led out of Node's own functions, and terminated as it resumes.
import type { Session } from "node:inspector";
import { native } from "../base/index.ts";

/** Steps out of Node's functions before it is terminated where it is. */
const MAX_STEPS = 20;

interface Frame {
  location: { scriptId: string };
  /** Present where the function is about to return, or to be suspended by an await. */
  returnValue?: object;
}
interface Paused {
  params: { callFrames: Frame[] };
}
interface Parsed {
  params: { scriptId: string; url: string };
}

export class Terminator {
  readonly #session: () => Session;
  readonly #isSafe: () => boolean;
  /** Scripts of Node's own; told when the debugger is enabled. */
  readonly #nodes = new Set<string>();
  /** Between a request and `rest`. */
  #wanted = false;
  #pausing = false;
  #steps = 0;
  /** When V8 heard of the last request; Infinity while a native call keeps it from that. */
  heardAt = 0;

  /** `isSafe`: whether what the main thread does just now may be terminated. */
  constructor(session: () => Session, isSafe: () => boolean) {
    this.#session = session;
    this.#isSafe = isSafe;
  }

  /** Resolves when V8 reports a termination. */
  terminate(): Promise<void> {
    this.#wanted = true;
    this.heardAt = Number.POSITIVE_INFINITY;
    return new Promise((done) => {
      this.#session().post("Runtime.terminateExecution", (error) => {
        if (error && this.#wanted) this.#pause(); // an earlier request was swallowed
        done();
      });
      // A thread whose heap is nearly full waits for that before it lets the heap grow.
      native()?.stopAsked();
      // Answered at once, where the request before it is answered once it is done.
      this.#session().post("Runtime.getIsolateId", () => {
        this.heardAt = performance.now();
      });
    });
  }

  /** Nothing is to be terminated any more: what was asked for and has not happened would hit what follows. */
  rest(): void {
    this.#wanted = false;
    if (this.#pausing) this.#disable();
  }

  #pause(): void {
    const session = this.#session();
    if (this.#pausing) {
      // A step out of Node's handler of rejections may end nowhere: the function that it was called from is over.
      session.post("Debugger.pause");
      return;
    }
    this.#pausing = true;
    this.#steps = 0;
    session.on("Debugger.scriptParsed", this.#parsed);
    session.on("Debugger.paused", this.#paused);
    session.post("Debugger.enable", { maxScriptsCacheSize: 0 });
    session.post("Debugger.pause");
  }

  readonly #paused = ({ params }: Paused): void => {
    const [frame] = params.callFrames;
    if (this.#steps++ > MAX_STEPS) this.#resume(false);
    // Between an await's registration and the suspension V8 would resume what it has terminated, and crash.
    else if (frame?.returnValue) this.#session().post("Debugger.stepInto");
    else if (this.#isCalled(params.callFrames)) this.#session().post("Debugger.stepOut");
    else this.#resume(this.#isSafe());
  };

  /** Node's code, called from the user's. */
  #isCalled(frames: Frame[]): boolean {
    return this.#isOfNode(frames[0]) && !frames.every((frame) => this.#isOfNode(frame));
  }

  readonly #parsed = ({ params }: Parsed): void => {
    if (params.url.startsWith("node:")) this.#nodes.add(params.scriptId);
  };

  #isOfNode(frame: Frame | undefined): boolean {
    return frame !== undefined && this.#nodes.has(frame.location.scriptId);
  }

  #resume(terminateOnResume: boolean): void {
    this.#session().post("Debugger.resume", { terminateOnResume });
    this.#disable();
  }

  /** Also resumes what is paused. */
  #disable(): void {
    const session = this.#session();
    session.off("Debugger.scriptParsed", this.#parsed);
    session.off("Debugger.paused", this.#paused);
    session.post("Debugger.disable", () => {
      this.#pausing = false;
    });
  }
}
