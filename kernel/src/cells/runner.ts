// Runs one cell after the other: compiles, evaluates, publishes the result, answers. A cell's end is the
// one reply record in the ring; whatever was cut short before that by a termination is made up for by
// `interrupt`, which the wire sends again until it is seen.
import {
  cellBegan,
  cellEnded,
  type ExecuteJob,
  type Formatted,
  Interrupted,
  recoverFrom,
  runInCell,
} from "../base/index.ts";
import { type CellCode, NotebookNames, transformCell } from "../language/index.ts";
import { Cancellation } from "./cancellation.ts";
import type { CellSources } from "./cell-sources.ts";
import { constant } from "./constant.ts";
import { copy } from "./copy.ts";
import type { ErrorContent, ErrorReporter } from "./errors.ts";
import type { Evaluator, Outcome } from "./evaluator.ts";
import { formatValue } from "./format.ts";
import { Fragment, h } from "./jsx.ts";
import type { CellOutput } from "./output.ts";

interface Cell {
  job: ExecuteJob;
  url: string;
  cancellation: Cancellation;
  disposables: AsyncDisposableStack;
  result: unknown;
  hasResult: boolean;
  ended: boolean;
  /** Displays that the cell began and that are not shown yet. */
  displays: Promise<unknown>[];
  /** Of the reply: what the frontend is asked to do besides. */
  payload: object[];
}

export class CellRunner {
  readonly #output: CellOutput;
  readonly #evaluator: Evaluator;
  readonly #sources: CellSources;
  readonly #reporter: ErrorReporter;
  readonly #remap = (text: string): string => this.#sources.remap(text);
  #current: Cell | undefined;
  readonly #cells = new Map<number, Cell>();
  readonly #names = new NotebookNames();
  /** By request: the code of an interrupted cell may go on after its end, and is to be refused its awaits. */
  readonly #interrupted = new Map<number, Cancellation>();
  #lastInterrupted = 0;

  constructor(
    output: CellOutput,
    evaluator: Evaluator,
    sources: CellSources,
    reporter: ErrorReporter,
  ) {
    this.#output = output;
    this.#evaluator = evaluator;
    this.#sources = sources;
    this.#reporter = reporter;
  }

  get running(): ExecuteJob | undefined {
    return this.#current?.job;
  }

  run(job: ExecuteJob): void {
    const cell: Cell = {
      job,
      url: this.#sources.add(job.request, job.executionCount, job.code),
      cancellation: new Cancellation(),
      disposables: new AsyncDisposableStack(),
      result: undefined,
      hasResult: false,
      ended: false,
      displays: [],
      payload: [],
    };
    this.#current = cell;
    this.#cells.set(job.request, cell);
    this.#output.begin(job.executionCount, job.request);
    cellBegan(job.executionCount);
    let code: CellCode;
    try {
      code = this.#compile(job.code, job.request);
      this.#sources.compiled(cell.url, code.known);
    } catch (error) {
      this.#endWithError(cell, this.#reporter.report(error, cell.url));
      return;
    }
    runInCell(job.executionCount, () => {
      this.#evaluator.run(code, cell.url, (outcome) => void this.#conclude(cell, outcome));
    });
  }

  #compile(source: string, request: number): CellCode {
    const code = transformCell(source, request, this.#names);
    this.#names.add(code);
    return code;
  }

  /** Ends the running cell, whatever it waits for. */
  interrupt(): void {
    const cell = this.#current;
    if (!cell || cell.ended) return;
    cell.cancellation.cancel();
    this.#interrupted.set(cell.job.request, cell.cancellation);
    this.#lastInterrupted = cell.job.executionCount;
    this.recover();
    this.#endWithError(cell, this.#reporter.report(new Interrupted()));
  }

  /** Puts right what the termination of the cell that was interrupted last cut short. */
  recover(): void {
    recoverFrom(this.#lastInterrupted);
  }

  /** Asks the frontend to show this beside the notebook when the cell has ended. */
  page({ data }: Formatted): void {
    this.#current?.payload.push({ source: "page", data, start: 0 });
  }

  /** As formatValue; the running cell ends after what it shows. */
  readonly format = (value: unknown): Formatted | Promise<Formatted> => {
    const formatted = formatValue(value, this.#remap);
    // One turn later, so that whoever waits for it has published it.
    if (formatted instanceof Promise) this.#current?.displays.push(formatted.then(() => {}));
    return formatted;
  };

  /** What the generated code of cells calls (runtime-names.ts). */
  readonly hooks = {
    run: (body: () => Promise<void>): void => this.#evaluator.take(body),
    result: (id: number, value: unknown): void => {
      const cell = this.#cells.get(id);
      if (!cell) return;
      cell.result = value;
      cell.hasResult = true;
    },
    wait: (id: number, value: unknown): unknown => {
      const cancellation = this.#cancellation(id);
      return cancellation ? cancellation.wait(value) : value;
    },
    each: (id: number, iterable: AsyncIterable<unknown>): AsyncIterable<unknown> =>
      this.#cancellation(id)?.each(iterable) ?? iterable,
    using: <T extends AsyncDisposable | Disposable | null | undefined>(id: number, value: T): T =>
      this.#cells.get(id)?.disposables.use(value) ?? value,
    constant,
    copy,
    h,
    Fragment,
  };

  #cancellation(id: number): Cancellation | undefined {
    return this.#cells.get(id)?.cancellation ?? this.#interrupted.get(id);
  }

  async #conclude(cell: Cell, outcome: Outcome): Promise<void> {
    let failure: ErrorContent | undefined;
    if (!outcome.ok) failure = this.#reporter.report(outcome.thrown, cell.url, outcome.at);
    try {
      await Promise.allSettled(cell.displays);
      // Shown while it lives: the result may be what `using` disposes.
      if (!failure && cell.hasResult) await this.#publishResult(cell);
    } catch (error) {
      failure = this.#reporter.report(error, cell.url);
    }
    try {
      await cell.disposables.disposeAsync();
      if (!failure) {
        const expressions = await this.#userExpressions(cell);
        this.#end(cell, "ok", { payload: cell.payload, user_expressions: expressions });
        return;
      }
    } catch (error) {
      failure ??= this.#reporter.report(error, cell.url);
    }
    this.#endWithError(cell, failure!);
  }

  async #publishResult(cell: Cell): Promise<void> {
    const { job, result } = cell;
    if (result === undefined || job.silent || cell.ended) return;
    const { data, metadata } = await formatValue(result, this.#remap);
    if (cell.ended || Object.keys(data).length === 0) return;
    const content = { execution_count: job.executionCount, data, metadata };
    this.#output.publish("execute_result", content, job.request);
  }

  async #userExpressions(cell: Cell): Promise<Record<string, object>> {
    const answers: Record<string, object> = {};
    for (const [name, expression] of Object.entries(cell.job.userExpressions)) {
      answers[name] = await this.#userExpression(cell, expression);
    }
    return answers;
  }

  #userExpression(cell: Cell, expression: string): Promise<object> {
    return new Promise((resolve) => {
      const fail = (error: unknown, at?: { line: number; column: number }) =>
        resolve({ status: "error", ...this.#reporter.report(error, undefined, at) });
      cell.result = undefined;
      let code: CellCode;
      try {
        code = this.#compile(expression, cell.job.request);
      } catch (error) {
        fail(error);
        return;
      }
      this.#evaluator.run(code, "user-expression", (outcome) => {
        if (!outcome.ok) return fail(outcome.thrown, outcome.at);
        this.#formatted(cell.result).then(
          ({ data, metadata }) => resolve({ status: "ok", data, metadata }),
          fail,
        );
      });
    });
  }

  async #formatted(value: unknown): Promise<Formatted> {
    return formatValue(value, this.#remap);
  }

  #endWithError(cell: Cell, error: ErrorContent): void {
    if (cell.ended) return;
    if (!cell.job.silent) this.#output.publish("error", error, cell.job.request);
    this.#end(cell, "error", error);
  }

  #end(cell: Cell, status: "ok" | "error", content: object): void {
    if (cell.ended) return;
    const { executionCount, request } = cell.job;
    cellEnded(executionCount);
    const reply = { status, execution_count: executionCount, ...content };
    this.#output.event({ type: "reply", status }, reply, request);
    cell.ended = true;
    cell.result = undefined;
    this.#cells.delete(request);
    if (this.#current === cell) this.#current = undefined;
  }
}
