// The thread that knows the types, as the wire sees it. It is started on first need and warms up in the
// background; until it is warm, and whenever it takes too long, the answer is undefined and others answer.
import { Worker } from "node:worker_threads";
import type {
  TypedCell,
  TypedCompletion,
  TypedInspection,
  TypeReport,
  TypesAnswer,
  TypesRequest,
  TypesThreadData,
} from "../base/index.ts";
import { log } from "./log.ts";

/** Somebody waits for the answer; names of living values are better than none. */
const ANSWER_MS = 700;
const START_MS = 200;
/** A compiler that dies of a cell is started again, without what it knew, so many times. */
const MAX_STARTS = 4;
/** Characters of cells that are kept for a thread that isn't started yet. */
const MAX_HELD = 32 << 20;
/** Cells that follow each other go to the thread together: each message would wake it. */
const GATHER_MS = 30;
/** For the compiler's recursion along types and cells. */
const STACK_MB = 32;
const MAX_HEAP_MB = 1024;
/** Each change of a cell makes a new program. With half of this, collecting the old ones takes longer. */
const YOUNG_HEAP_MB = 96;

type Request = TypesRequest extends infer R
  ? R extends TypesRequest
    ? Omit<R, "serial">
    : never
  : never;

export interface TypesClientOptions {
  /** The thread's entry. */
  entry: URL;
  /** It isn't started before. */
  after?: Promise<unknown>;
  folder: string;
  api: string;
}

export class TypesClient {
  readonly #options: TypesClientOptions;
  readonly #urgent = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, (value: unknown) => void>();
  /** Cells that the thread hasn't been told of. */
  #held: TypedCell[] = [];
  #heldCharacters = 0;
  #worker: Worker | undefined;
  readonly #tellSoon = setTimeout(() => this.#tell(), GATHER_MS).unref();
  #starts = 0;
  #serial = 0;
  /** True once questions are answered at full speed. */
  warm = false;

  constructor(options: TypesClientOptions) {
    this.#options = options;
  }

  /** True when the thread has died so often that it isn't started any more. */
  get failed(): boolean {
    return !this.#worker && this.#starts === MAX_STARTS;
  }

  get started(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread, unless it runs or has failed too often. */
  async #start(): Promise<void> {
    if (!this.#worker) await this.#options.after;
    if (this.#worker || this.failed) return;
    this.#starts++;
    Atomics.store(this.#urgent, 0, 0);
    const { entry, folder, api } = this.#options;
    const workerData: TypesThreadData = {
      folder,
      api,
      urgent: this.#urgent.buffer as SharedArrayBuffer,
    };
    const worker = new Worker(entry, {
      name: "cenote-types",
      workerData,
      execArgv: ["--no-warnings"],
      resourceLimits: {
        stackSizeMb: STACK_MB,
        maxOldGenerationSizeMb: MAX_HEAP_MB,
        maxYoungGenerationSizeMb: YOUNG_HEAP_MB,
      },
    });
    this.#worker = worker;
    worker.on("message", (answer: TypesAnswer) => this.#answered(answer));
    worker.on("error", (error) => log(`the types thread failed: ${error.stack ?? error}`));
    worker.on("exit", () => this.#ended(worker));
    worker.unref();
    void this.#ask<boolean>({ type: "warm" }).then((warm) => {
      this.warm = warm === true;
    });
  }

  /** A cell runs. */
  add(cell: TypedCell): void {
    if (this.failed) return;
    this.#held.push(cell);
    this.#tellSoon.refresh();
    this.#heldCharacters += cell.code.length;
    while (this.#heldCharacters > MAX_HELD && this.#held.length > 1) {
      this.#heldCharacters -= this.#held.shift()!.code.length;
    }
  }

  #tell(): void {
    if (!this.#worker || this.#held.length === 0) return;
    const cells = this.#held;
    this.#held = [];
    this.#heldCharacters = 0;
    this.#post({ type: "add", cells });
  }

  /** Packages are there, or gone, since the last cell was added. */
  packagesChanged(): void {
    this.#post({ type: "packages" });
  }

  /** Undefined: not known, or not known yet. */
  complete(code: string, cursor: number): Promise<TypedCompletion | undefined> {
    return this.#soon<TypedCompletion>({ type: "complete", code, cursor });
  }

  inspect(code: string, cursor: number): Promise<TypedInspection | undefined> {
    return this.#soon<TypedInspection>({ type: "inspect", code, cursor });
  }

  /** Waits as long as it takes; undefined when the thread has failed. */
  async check(
    ids: readonly number[],
    living: readonly string[] = [],
  ): Promise<TypeReport[] | undefined> {
    await this.#start();
    return this.#ask<TypeReport[]>({ type: "check", ids, living });
  }

  /** As `check`, for a cell that has not run. */
  async tryCell(cell: TypedCell, living: readonly string[] = []): Promise<TypeReport | undefined> {
    await this.#start();
    return this.#ask<TypeReport>({ type: "try", cell, living }, true);
  }

  async #soon<T>(request: Request): Promise<T | undefined> {
    if (!this.warm) {
      // Loading the compiler must not hold up the answer that is given without it.
      if (!this.started) setTimeout(() => void this.#start(), START_MS).unref();
      return undefined;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MS, undefined);
    });
    const answer = await Promise.race([this.#ask<T | null>(request, true), late]);
    clearTimeout(timer);
    return answer ?? undefined;
  }

  #ask<T>(request: Request, urgent = false): Promise<T | undefined> {
    if (!this.#worker) return Promise.resolve(undefined);
    if (urgent) Atomics.add(this.#urgent, 0, 1);
    const serial = this.#post(request);
    return new Promise((resolve) => {
      this.#waiting.set(serial, resolve as (value: unknown) => void);
    });
  }

  #post(request: Request): number {
    if (request.type !== "add") this.#tell();
    const serial = ++this.#serial;
    this.#worker?.postMessage({ ...request, serial });
    return serial;
  }

  #answered(answer: TypesAnswer): void {
    const resolve = this.#waiting.get(answer.serial);
    this.#waiting.delete(answer.serial);
    if ("error" in answer) log(`a question about types failed: ${answer.error}`);
    resolve?.("value" in answer ? answer.value : undefined);
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.warm = false;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
    if (this.failed) log("the types thread failed too often: no types from now on");
  }
}
