// Puts the parts of the room together.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MessagePort } from "node:worker_threads";
import {
  connectComms,
  connectFormatter,
  connectOutputs,
  type ExecuteJob,
  HeapFull,
  lineWord,
  type OutputWriter,
  type ToMain,
  WORD,
} from "../base/index.ts";
import { LINE_WORD, looks, RUNTIME } from "../language/index.ts";
import { CellSources } from "./cell-sources.ts";
import { CommHub } from "./comm-hub.ts";
import { installConsole } from "./console.ts";
import { ErrorReporter } from "./errors.ts";
import { Evaluator } from "./evaluator.ts";
import { flushAtExit } from "./exit.ts";
import { shownTables } from "./format-arrow.ts";
import { queueLostImmediates, watchImmediates } from "./immediates.ts";
import { Input, isNoInput } from "./input.ts";
import { outsideIntrinsics, withIntrinsics } from "./intrinsics.ts";
import { showLateErrors } from "./late-errors.ts";
import { LocalSources } from "./local-sources.ts";
import { Magics } from "./magics/index.ts";
import { IMPORTER, ModuleLoader } from "./modules.ts";
import { CellOutput } from "./output.ts";
import { CellRunner } from "./runner.ts";
import { installStdin } from "./stdin.ts";

export interface CellsOptions {
  writer: OutputWriter;
  /** From the wire thread. */
  port: MessagePort;
  /** URL of the folder that holds the kernel's code. */
  ownFolder: string;
  /** URL of the module that cells import as "cenote". */
  apiUrl: string;
}

export interface Cells {
  output: CellOutput;
  receive(message: ToMain): void;
}

/** Between the user's frames there may be more of Node's than the ten that V8 keeps. */
const STACK_FRAMES = 40;

/** Makes this thread ready for cells. */
export function startCells({ writer, port, ownFolder, apiUrl }: CellsOptions): Cells {
  Error.stackTraceLimit = STACK_FRAMES;
  const output = new CellOutput(writer);
  const folder = process.cwd();
  likeAProgram(join(folder, IMPORTER));
  const own = [ownFolder, fileURLToPath(ownFolder), join(folder, IMPORTER)];
  const local = new LocalSources(folder);
  const sources = new CellSources(own, local);
  const reporter = new ErrorReporter(sources, own);
  const evaluator = new Evaluator();
  const runner = new CellRunner(output, evaluator, sources, reporter);
  const loader = new ModuleLoader({ folder, apiUrl, ownFolder, output, sources: local });
  const magics = new Magics({
    folder,
    output,
    variables: evaluator,
    reload: (specifiers) => loader.forget(specifiers),
  });
  let exitAsked = false;
  /** Whether a cell's end or the notebook says already that the heap was full. */
  let heapTold = false;

  function receive(message: ToMain): void {
    if (message.type === "execute") runner.run(message);
    else if (message.type === "comm") comms.receive(message.event);
    else withIntrinsics(() => control(message));
  }

  function control(message: Exclude<ToMain, { type: "execute" | "comm" }>): void {
    switch (message.type) {
      case "interrupt":
        // Said first: the cell's end may have to wait until a frontend has taken what was printed.
        Atomics.store(writer.state, WORD.interruptSeen, message.serial);
        magics.interrupt();
        giveUpStdin();
        interrupt(message.job);
        break;
      case "interrupt-over":
        // The cell's end may have been terminated itself; no other cell has begun since.
        interrupt();
        heapIsOver();
        if (message.terminated) runner.recover();
        Atomics.store(writer.state, WORD.interruptOver, message.serial);
        break;
      case "input":
        input.answer(message.serial, message.value);
        break;
      case "exit":
        exitAsked = true;
        process.exit(message.code);
    }
  }

  /** Ends the running cell. Why the heap was full stays known until the interrupt is over: a termination may come in between. */
  function interrupt(job?: ExecuteJob): void {
    const full = Atomics.load(writer.state, WORD.heapFull) !== 0;
    const reason = full ? new HeapFull(Atomics.load(writer.state, WORD.heapLimit)) : undefined;
    if (runner.interrupt(reason, job)) heapTold = full;
    else if (reason && !heapTold) {
      output.text("stderr", `${reason.name}: ${reason.message}\n`);
      heapTold = true;
    }
  }

  function heapIsOver(): void {
    Atomics.store(writer.state, WORD.heapFull, 0);
    heapTold = false;
  }

  const comms = new CommHub(output);
  connectComms(comms);
  shownTables.serve(comms);
  const allowed = () => runner.running?.allowStdin;
  const input = new Input({ output, port, allowed, receive });
  const hooks = Object.freeze({ ...runner.hooks, ...loader.hooks, ...magics.hooks, ...looks });
  defineGlobal(RUNTIME, hooks, { forGood: true });
  defineGlobal(LINE_WORD, lineWord, { forGood: true });
  defineGlobal("input", input.ask.bind(input));
  defineGlobal("prompt", input.askNow.bind(input));
  installConsole(output, (text) => sources.remap(text));
  const endStdin = installStdin({
    ask: (prompt) => input.ask(prompt),
    hold: (asking) => runner.hold(asking, giveUpStdin),
  });
  const giveUpStdin = () => {
    endStdin();
    input.giveUp();
  };
  connectFormatter(runner.format);
  connectOutputs({
    clear: (wait) => output.publish("clear_output", { wait }),
    page: (formatted) => runner.page(formatted),
  });
  watchImmediates();
  // A cell that reads lines which nobody can type would wait for ever.
  showLateErrors(output, reporter, (error) => isNoInput(error) && runner.interrupt(error));
  flushAtExit(writer, output, () => exitAsked);
  return {
    output,
    receive(message) {
      outsideIntrinsics();
      queueLostImmediates();
      receive(message);
    },
  };
}

/**
 * What programs ask of the process they are in is told as of one that Node was started with, and whose
 * output shows colours, which notebooks do.
 */
function likeAProgram(path: string): void {
  process.argv = [process.execPath, path];
  process.execArgv = [];
  if (process.env["NO_COLOR"] === undefined) process.env["FORCE_COLOR"] ??= "1";
}

/** `forGood`: cells can't take it away, as their own code would no longer run. */
function defineGlobal(name: string, value: unknown, { forGood = false } = {}): void {
  Object.defineProperty(globalThis, name, { value, enumerable: false, configurable: !forGood });
}
