// The queue of cells: one runs at a time; an error aborts those that already wait, where the request says
// so, and an interrupt those that came before it. Knows the requests by number, because output names the
// request that it belongs to, even late.
import type { ExecuteJob, MonitorNote, ToMain } from "../base/index.ts";
import { type CellTypes, type ErrorContent, INTERRUPTED, type Verdict } from "./cell-types.ts";
import type { History } from "./history.ts";
import { log } from "./log.ts";
import type { Header, Message } from "./message.ts";
import type { Publisher } from "./publisher.ts";

/** Requests whose late output still finds its cell. */
const REMEMBERED = 1000;

/** What becomes of a cell that waits: an interrupt stops the first that it is meant for, and aborts others. */
type Fate = "run" | "interrupted" | "aborted";

interface Waiting {
  message: Message;
  fate: Fate;
}

export interface Running {
  request: number;
  message: Message;
  executionCount: number;
  job: ExecuteJob;
}

export interface ExecutionHost {
  post(message: ToMain): void;
  note(note: MonitorNote): void;
  reply(
    message: Message,
    type: string,
    content: object | Buffer,
    metadata?: Record<string, unknown>,
  ): Promise<void>;
  publisher: Publisher;
  history: History;
  types: CellTypes;
  /** A cell is about to run. */
  beforeCell(): void;
  /** Resolves when a cell may begin: no interrupt is under way that would hit it. */
  free(): Promise<void> | undefined;
}

export class Executions {
  readonly #host: ExecutionHost;
  readonly #queue: Waiting[] = [];
  readonly #headers = new Map<number, Header>();
  #lastRequest = 0;
  #executionCount = 0;
  #finished: (() => void) | undefined;
  #working = false;
  running: Running | undefined;

  constructor(host: ExecutionHost) {
    this.#host = host;
  }

  /** `stopped`: an interrupt that was sent after the cell has come before it. */
  add(message: Message, stopped: boolean): void {
    const first = !this.running && this.#queue.length === 0;
    this.#queue.push({ message, fate: !stopped ? "run" : first ? "interrupted" : "aborted" });
    if (!this.#working) void this.#work();
  }

  /** An interrupt: what waits is not run any more. */
  stopWaiting(): void {
    const [first, ...others] = this.#queue;
    if (first) first.fate = this.running ? "aborted" : "interrupted";
    for (const one of others) one.fate = "aborted";
  }

  /** The header that output of this request has as its parent. */
  parentOf(request: number): Header | undefined {
    return this.#headers.get(request) ?? this.#headers.get(this.#lastRequest);
  }

  /** The main thread has ended the running cell; `content` is JSON text of its execute_reply. */
  async finish(
    request: number,
    { status, metadata }: { status: "ok" | "error"; metadata?: Record<string, unknown> },
    content: Buffer,
  ): Promise<void> {
    const running = this.running;
    if (running?.request !== request) return;
    const { publisher, types } = this.#host;
    types.ended(request, status);
    await publisher.drained();
    // What waits now is aborted; what comes once the error is known is not.
    const stop = status === "error" && running.message.content["stop_on_error"] !== false;
    const aborted = stop ? await this.#takeWaiting() : [];
    await this.#host.reply(running.message, "execute_reply", content, metadata);
    this.running = undefined;
    await publisher.status("idle", running.message.header);
    for (const message of aborted) await this.#abort(message);
    this.#finished?.();
  }

  /** Answers everything that waits with status "aborted". */
  async abortWaiting(): Promise<void> {
    for (const message of await this.#takeWaiting()) await this.#abort(message);
  }

  async #takeWaiting(): Promise<Message[]> {
    // Requests that were sent with the one that failed may still be on their way through the socket.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#queue.splice(0).map(({ message }) => message);
  }

  async #abort(message: Message): Promise<void> {
    await this.#host.publisher.status("busy", message.header);
    const content = { status: "aborted", execution_count: this.#executionCount };
    await this.#host.reply(message, "execute_reply", content);
    await this.#host.publisher.status("idle", message.header);
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      // Another interrupt may have come while the first was waited for.
      for (let busy = this.#host.free(); busy; busy = this.#host.free()) await busy;
      const next = this.#queue.shift();
      if (!next) break;
      try {
        if (next.fate === "aborted") await this.#abort(next.message);
        else await this.#execute(next.message, next.fate === "interrupted");
      } catch (error) {
        log(`a cell could not be run: ${(error as Error).stack}`);
      }
    }
    this.#working = false;
  }

  #execute(message: Message, stopped: boolean): Promise<void> {
    const job = this.#jobOf(message);
    this.#remember(job.request, message.header);
    this.#host.beforeCell();
    this.running = { request: job.request, message, executionCount: job.executionCount, job };
    const stored = this.#stored(message);
    const verdict = stopped ? { refused: INTERRUPTED } : this.#host.types.admit(job, stored);
    // First of all: the main thread runs the cell while this one tells of it.
    if ("job" in verdict) this.#host.post(verdict.job);
    this.#announce(job, message.header);
    this.#host.note({ type: "cell", cell: job.executionCount, id: cellIdOf(message) });
    const done = new Promise<void>((resolve) => {
      this.#finished = resolve;
    });
    if (verdict instanceof Promise) void verdict.then((later) => this.#follow(job, later));
    else if ("refused" in verdict) this.#refuse(job, verdict.refused);
    else verdict.begun?.();
    if (stored && job.code.trim()) this.#host.history.append(job.executionCount, job.code);
    return done;
  }

  #announce({ silent, code, executionCount }: ExecuteJob, parent: Header): void {
    const { publisher } = this.#host;
    void publisher.status("busy", parent);
    if (silent) return;
    void publisher.send("execute_input", { code, execution_count: executionCount }, parent);
  }

  /** A cell that had to be checked first. */
  #follow(job: ExecuteJob, verdict: Verdict): void {
    if ("refused" in verdict) {
      this.#refuse(job, verdict.refused);
      return;
    }
    this.#host.post(verdict.job);
    verdict.begun?.();
  }

  /** Answers a cell that isn't run. */
  #refuse({ request, silent, executionCount }: ExecuteJob, error: ErrorContent): void {
    if (!silent) void this.#host.publisher.send("error", error, this.parentOf(request));
    const content = { status: "error", execution_count: executionCount, ...error };
    void this.finish(request, { status: "error" }, Buffer.from(JSON.stringify(content)));
  }

  #jobOf(message: Message): ExecuteJob {
    const { content } = message;
    const silent = content["silent"] === true;
    const stored = this.#stored(message);
    const executionCount = this.#executionCount + 1;
    if (stored) this.#executionCount = executionCount;
    return {
      type: "execute",
      request: ++this.#lastRequest,
      code: typeof content["code"] === "string" ? content["code"] : "",
      silent,
      executionCount,
      userExpressions: asStrings(content["user_expressions"]),
      allowStdin: content["allow_stdin"] !== false,
    };
  }

  #stored(message: Message): boolean {
    return message.content["silent"] !== true && message.content["store_history"] !== false;
  }

  #remember(request: number, header: Header): void {
    this.#headers.set(request, header);
    if (this.#headers.size > REMEMBERED) this.#headers.delete(request - REMEMBERED);
  }
}

/** The notebook's name of the cell; frontends tell it in the request's metadata. */
function cellIdOf({ metadata }: Message): string | undefined {
  const id = metadata["cellId"];
  return typeof id === "string" ? id : undefined;
}

function asStrings(value: unknown): Record<string, string> {
  if (value === null || typeof value !== "object") return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}
