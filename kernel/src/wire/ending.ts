// How the kernel ends: by shutdown_request, with its server, by process.exit() in a cell, or by an abort.
import { heapFullText, type OutputReader, type ToMain, WORD } from "../base/index.ts";
import type { Executions } from "./executions.ts";
import { log } from "./log.ts";
import type { Message } from "./message.ts";
import type { Publisher } from "./publisher.ts";
import type { Sockets } from "./sockets.ts";

/** How long a kernel that ends waits for frontends that don't keep up. */
const LAST_OUTPUT_MS = 1000;
/** A busy cell is stopped after this … */
const STOP_MS = 100;
/** … and the process is killed after this. */
const KILL_MS = 2500;
/** What was sent leaves the process within this. */
const LEAVE_MS = 500;

export interface EndingHost {
  publisher: Publisher;
  executions: Executions;
  sockets: Sockets;
  output: OutputReader;
  post(message: ToMain): void;
  interrupt(): Promise<void>;
  /** Lets go of the main thread, so that it can end. */
  leave(): void;
  /** What receives; each ends when its socket closes. */
  loops(): Promise<void>[];
}

export class Ending {
  readonly #host: EndingHost;

  constructor(host: EndingHost) {
    this.#host = host;
  }

  /** Answers a shutdown_request by `reply` and ends the process. */
  async shutdown(message: Message, reply: (content: object) => Promise<void>): Promise<void> {
    const { executions, publisher } = this.#host;
    const content = { status: "ok", restart: message.content["restart"] === true };
    this.#soonWaitForNobody();
    await executions.abortWaiting();
    await reply(content);
    await publisher.send("shutdown_reply", content, message.header);
    this.end();
  }

  /** Ends the process: politely, then by stopping a busy cell, then by force. */
  end(): void {
    this.#soonWaitForNobody();
    this.#host.post({ type: "exit", code: 0 });
    setTimeout(() => void this.#host.interrupt(), STOP_MS);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_MS);
  }

  #soonWaitForNobody(): void {
    setTimeout(() => this.#host.sockets.waitForNobody(), LAST_OUTPUT_MS);
  }

  /** Sends what is left and closes the sockets, while the main thread waits in its exit handler. */
  async exiting(code: number): Promise<void> {
    const { executions, publisher, sockets, output } = this.#host;
    const running = executions.running;
    if (running) {
      const { status, ...rest } = exitContent(code);
      const content = { status, execution_count: running.executionCount, ...rest };
      await executions.finish(running.request, { status }, Buffer.from(JSON.stringify(content)));
    }
    await publisher.drained();
    sockets.close();
    await Promise.allSettled([...this.#host.loops(), sockets.heartbeat]);
    this.#host.leave();
    output.close();
    Atomics.store(output.state, WORD.flushed, 1);
    Atomics.notify(output.state, WORD.flushed);
  }

  /** The main thread aborts, and waits for this: says so in the notebook and ends the process. */
  async aborts(words: string): Promise<void> {
    const { executions, publisher, output } = this.#host;
    setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_MS);
    this.#soonWaitForNobody();
    log(`the main thread was aborted:\n${words}`);
    const { ename, evalue } = abortContent(words, Atomics.load(output.state, WORD.heapLimit));
    const traceback = [`${ename}: ${evalue}`];
    const running = executions.running;
    if (running) {
      const error = { ename, evalue, traceback };
      void publisher.send("error", error, running.message.header);
      const content = { status: "error", execution_count: running.executionCount, ...error };
      await executions.finish(
        running.request,
        { status: "error" },
        Buffer.from(JSON.stringify(content)),
      );
    } else publisher.text("stderr", `${traceback[0]}\n`, executions.parentOf(0));
    await publisher.drained();
    // ZeroMQ doesn't tell when a message has left; closing its context, which would wait, is for an exit.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), LEAVE_MS);
  }
}

/** V8 says so before it aborts. */
const HEAP_WORDS = /heap out of memory/;

/** What is told of an abort of the main thread, by what it wrote to stderr about it. */
function abortContent(words: string, heapLimit: number): { ename: string; evalue: string } {
  if (HEAP_WORDS.test(words)) {
    return { ename: "HeapFull", evalue: heapFullText(heapLimit, "killed") };
  }
  const why = words.split("\n").find((line) => /error|abort|assert|fatal/i.test(line));
  const reason = why === undefined ? "it gave no reason" : why.trim();
  return { ename: "Abort", evalue: `The kernel was aborted: ${reason}` };
}

/** Of the execute_reply of a cell that called process.exit(). */
function exitContent(code: number) {
  if (code === 0) {
    const payload = [{ source: "ask_exit", keepkernel: false }];
    return { status: "ok" as const, payload, user_expressions: {} };
  }
  return {
    status: "error" as const,
    ename: "Exit",
    evalue: `the kernel ended with code ${code}`,
    traceback: [`The kernel ended with code ${code}.`],
  };
}
