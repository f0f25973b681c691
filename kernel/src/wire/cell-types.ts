// What types mean for running cells: every cell that runs becomes part of the program that the types
// thread knows; its errors are shown once there is time (on), or keep it from running (strict).
// Nothing here delays a cell but `%types strict`.
import type { ExecuteJob, MimeBundle, TypeReport, TypesMode } from "../base/index.ts";
import { now, splitMagics, TYPES_MODES } from "../base/index.ts";
import type { TypesClient } from "./types-client.ts";

/** A pause of so long after a cell means that there is time to check. */
const PAUSE_MS = 120;
/** Cells that follow each other without a pause are checked all the same after this … */
const LONGEST_MS = 1000;
/** … or, while the types thread has yet to be started, after this. */
const LONGEST_COLD_MS = 2500;
/** Before the thread is started, the pause must be longer: loading the compiler is work. */
const COLD_PAUSE_MS = 400;
const MODE_VARIABLE = "CENOTE_TYPES";

/** Content of an `error` message. */
export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
}

/** `begun` is called when the cell has begun and that has been told. */
export type Verdict = { job: ExecuteJob; begun?: () => void } | { refused: ErrorContent };

export interface CellTypesHost {
  client: TypesClient;
  /** Shows something under the cell of this request. */
  display(request: number, data: MimeBundle): void;
  print(request: number, text: string): void;
  /** Names that exist in the notebook, whoever made them. */
  living(): Promise<readonly string[]>;
}

export class CellTypes {
  readonly #host: CellTypesHost;
  #mode: TypesMode;
  /** Cells to be checked, by request. */
  #queued: number[] = [];
  #queuedAt = 0;
  #lastCell = 0;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  /** Cells that failed while they were being checked. */
  readonly #failed = new Set<number>();
  /** Cells that run npm. */
  readonly #installing = new Set<number>();
  #stopJudging: (() => void) | undefined;

  constructor(host: CellTypesHost, env: NodeJS.ProcessEnv = process.env) {
    this.#host = host;
    this.#mode = TYPES_MODES.find((mode) => mode === env[MODE_VARIABLE]) ?? "on";
  }

  /** Whether a cell may run; a promise where it has to be checked first. */
  admit(job: ExecuteJob, stored: boolean): Verdict | Promise<Verdict> {
    const { code, magics } = splitMagics(job.code);
    let said = "";
    for (const { rest } of magics.filter(({ name }) => name === "types")) {
      const mode = TYPES_MODES.find((one) => one === rest);
      if (mode) this.#mode = mode;
      else if (rest === "") said += `types: ${this.#mode}\n`;
      else return { refused: unknownMode(rest) };
    }
    const installs = magics.some(({ name }) => name === "npm");
    if (installs) this.#installing.add(job.request);
    const isEmpty = code.trim() === "";
    // What a cell installs can't be known before it has run.
    if (!isEmpty && this.#mode === "strict" && !installs && !job.silent) {
      return this.#judge(job, said);
    }
    const begun = () => {
      if (said) this.#host.print(job.request, said);
      if (!isEmpty) this.#take(job, this.#mode !== "off" && stored);
    };
    return { job, begun };
  }

  /** The cell has ended; what failed has its error already. */
  ended(request: number, status: "ok" | "error"): void {
    this.#lastCell = now();
    if (this.#installing.delete(request)) this.#host.client.packagesChanged();
    if (status === "ok") return;
    this.#queued = this.#queued.filter((id) => id !== request);
    if (this.#checking) this.#failed.add(request);
  }

  /** Ends a check that a cell waits for. Returns false when none does. */
  interrupt(): boolean {
    this.#stopJudging?.();
    return this.#stopJudging !== undefined;
  }

  async #judge(job: ExecuteJob, said: string): Promise<Verdict> {
    const stopped = new Promise<"stopped">((resolve) => {
      this.#stopJudging = () => resolve("stopped");
    });
    const cell = { id: job.request, executionCount: job.executionCount, code: job.code };
    const report = await Promise.race([this.#livingReport(cell), stopped]);
    this.#stopJudging = undefined;
    if (said) this.#host.print(job.request, said);
    if (report === "stopped") return { refused: INTERRUPTED };
    if (report && report.errors > 0) return { refused: refusal(report) };
    if (!report)
      this.#host.print(job.request, "types: can't be checked, the cell runs unchecked\n");
    return { job, begun: () => this.#take(job, false) };
  }

  async #livingReport(cell: { id: number; executionCount: number; code: string }) {
    const { client } = this.#host;
    const report = await client.tryCell(cell);
    if (!report || report.missing.length === 0) return report;
    return client.tryCell(cell, await this.#host.living());
  }

  /** Makes a cell that runs part of what the types know. */
  #take(job: ExecuteJob, check: boolean): void {
    const { request: id, executionCount, code } = job;
    this.#host.client.add({ id, executionCount, code });
    this.#lastCell = now();
    if (!check) return;
    if (this.#queued.length === 0) this.#queuedAt = this.#lastCell;
    this.#queued.push(id);
    this.#wait();
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.#look(), this.#pause).unref();
  }

  get #pause(): number {
    return this.#host.client.started ? PAUSE_MS : COLD_PAUSE_MS;
  }

  /** Checks what is queued, unless cells follow each other too fast. */
  #look(): void {
    this.#timer = undefined;
    if (this.#queued.length === 0 || this.#checking) return;
    const time = now();
    const longest = this.#host.client.started ? LONGEST_MS : LONGEST_COLD_MS;
    if (time - this.#lastCell < this.#pause / 2 && time - this.#queuedAt < longest) this.#wait();
    else void this.#checkQueued();
  }

  async #checkQueued(): Promise<void> {
    this.#checking = true;
    const ids = this.#queued;
    this.#queued = [];
    const reports = (await this.#host.client.check(ids)) ?? [];
    const unclear = reports.filter(({ missing }) => missing.length > 0).map(({ id }) => id);
    const clear =
      unclear.length === 0
        ? []
        : ((await this.#host.client.check(unclear, await this.#host.living())) ?? []);
    for (const report of reports) {
      const final = clear.find(({ id }) => id === report.id) ?? report;
      const shown = this.#mode !== "off" && final.errors > 0 && !this.#failed.has(final.id);
      if (shown) this.#host.display(final.id, final.data);
    }
    this.#checking = false;
    this.#failed.clear();
    if (this.#queued.length > 0) this.#wait();
  }
}

/** Of a cell that an interrupt came before. */
export const INTERRUPTED: ErrorContent = {
  ename: "Interrupted",
  evalue: "The cell was interrupted.",
  traceback: ["Interrupted: The cell was interrupted before it ran."],
};

function unknownMode(word: string): ErrorContent {
  const evalue = `%types: wanted one of ${TYPES_MODES.join(", ")}, found ${JSON.stringify(word)}`;
  return { ename: "UnknownMode", evalue, traceback: [evalue] };
}

function refusal({ errors, data }: TypeReport): ErrorContent {
  const evalue = `${errors} error${errors === 1 ? "" : "s"} of types; the cell was not run`;
  return { ename: "TypeErrors", evalue, traceback: String(data["text/plain"]).split("\n") };
}
