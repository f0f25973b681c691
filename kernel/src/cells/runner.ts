// Runs one cell after the other: compiles, evaluates, publishes the result, answers. A cell's end is the
// one reply record in the ring; whatever was cut short before that by a termination is made up for by
// `interrupt`, which the wire sends again until it is seen.
import {
  books,
  CONTROL,
  cellBegan,
  cellEnded,
  type ExecuteJob,
  type Formatted,
  Interrupted,
  POOL_METADATA,
  recoverFrom,
  runInCell,
} from "../base/index.ts";
import { type CellCode, NotebookNames, transformCell } from "../language/index.ts";
import type { Cancellation } from "./cancellation.ts";
import type { CellSources } from "./cell-sources.ts";
import type { ErrorContent, ErrorReporter } from "./errors.ts";
import type { Compiled, Evaluator, Outcome } from "./evaluator.ts";
import { FIXED_HOOKS } from "./fixed-hooks.ts";
import { formatValue } from "./format.ts";
import { inStretches, lookLater, uncurry, watchFor, withIntrinsics } from "./intrinsics.ts";
import { asksToLeave, LEAVE, STAYING } from "./leaving.ts";
import { LastTurns } from "./next-turn.ts";
import type { CellOutput } from "./output.ts";
import { newCell, type RunningCell } from "./running-cell.ts";
import { forgetThrown } from "./thrown.ts";

/** Turns of promises between the end of a cell's code and its reply. */
const TURNS = 4;
const USER_EXPRESSION = "user-expression";

const get = uncurry(Map.prototype.get) as <T>(map: Map<number, T>, key: number) => T | undefined;

/** Part of a cell's conclusion; yields what is to be awaited. */
type Stretch<T> = Generator<unknown, T>;

export class CellRunner {
  readonly #output: CellOutput;
  readonly #evaluator: Evaluator;
  readonly #sources: CellSources;
  readonly #reporter: ErrorReporter;
  readonly #remap = (text: string): string => this.#sources.remap(text);
  #current: RunningCell | undefined;
  readonly #cells = new Map<number, RunningCell>();
  readonly #names = new NotebookNames();
  /** By request: the code of an interrupted cell may go on after its end, and is to be refused its awaits. */
  readonly #interrupted = new Map<number, Cancellation>();
  readonly #turns = new LastTurns((request) => {
    this.#output.event({ type: "turned" }, {}, request);
    forgetThrown();
  });
  #lastInterrupted = 0;
  #lastBegun = 0;

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
    watchFor(job.code);
    const { cell, script } = withIntrinsics(() => this.#begin(job));
    if (!script) return;
    this.#turns.begin(job.request);
    runInCell(job.executionCount, () => {
      this.#evaluator.run(script, (outcome) => void this.#conclude(cell, outcome));
    });
    this.#turns.finish(() => cell.ended);
  }

  #begin(job: ExecuteJob): { cell: RunningCell; script: Compiled | undefined } {
    const cell = this.#enter(job);
    return { cell, script: this.#compileCell(cell) };
  }

  #enter(job: ExecuteJob): RunningCell {
    const url = this.#sources.add(job.request, job.executionCount, job.code);
    const cell = newCell(job, url);
    this.#current = cell;
    this.#lastBegun = job.request;
    this.#cells.set(job.request, cell);
    this.#output.begin(job.executionCount, job.request);
    cellBegan(job.executionCount);
    return cell;
  }

  #compileCell(cell: RunningCell): Compiled | undefined {
    const { job, url } = cell;
    try {
      const leaves = asksToLeave(job.code, this.#names);
      if (leaves) {
        this.#output.text("stdout", STAYING);
        cell.payload.push(LEAVE);
      }
      const code = transformCell(leaves ? "" : job.code, job.request, this.#names);
      this.#sources.compiled(url, code.known);
      return this.#compile(cell, code, url);
    } catch (error) {
      this.#endWithError(cell, this.#reporter.report(error, url));
      return undefined;
    }
  }

  /** Code that V8 refuses declares nothing; what imports modules does so when they are there. */
  #compile(cell: RunningCell, code: CellCode, url: string): Compiled {
    const script = this.#evaluator.compile(code, url);
    if (code.hasImports) cell.declares = code;
    else this.#declare(code);
    return script;
  }

  #declare(code: CellCode): void {
    this.#evaluator.declare(code.declares);
    this.#names.add(code);
  }

  /** Ends the running cell, whatever it waits for; that of `job` even where it could not begin. False where none ran. */
  interrupt(reason: Error = new Interrupted(), job?: ExecuteJob): boolean {
    let cell = this.#current;
    this.#turns.leave();
    if (!cell && job && job.request > this.#lastBegun) cell = this.#enter(job);
    if (!cell || cell.ended) return false;
    cell.cancellation.cancel();
    this.#interrupted.set(cell.job.request, cell.cancellation);
    this.#lastInterrupted = cell.job.executionCount;
    this.recover();
    this.#endWithError(cell, this.#reporter.report(reason));
    return true;
  }

  /** Puts right what the termination of the cell that was interrupted last cut short. */
  recover(): void {
    recoverFrom(this.#lastInterrupted);
  }

  /** Asks the frontend to show this beside the notebook when the cell has ended. */
  page({ data }: Formatted): void {
    this.#current?.payload.push({ source: "page", data, start: 0 });
  }

  /** The running cell ends after this; where it fails and there is `giveUp`, that is called instead. */
  hold(doing: Promise<unknown>, giveUp?: () => void): void {
    this.#current?.held.push({ doing, giveUp });
  }

  /** As formatValue; the running cell ends after what it shows. */
  readonly format = (value: unknown): Formatted | Promise<Formatted> =>
    withIntrinsics(() => {
      const formatted = formatValue(value, this.#remap);
      // One turn later, so that whoever waits for it has published it.
      if (formatted instanceof Promise) this.hold(formatted.then(() => {}));
      return formatted;
    });

  /** What the generated code of cells calls (runtime-names.ts). */
  readonly hooks = {
    run: (body: () => Promise<void>): void => this.#evaluator.take(body),
    /** The modules that the cell imports are there: its names are declared. */
    begin: (id: number): void => {
      const cell = get(this.#cells, id);
      const code = cell?.declares;
      if (!code) throw new Interrupted();
      cell.declares = undefined;
      withIntrinsics(() => this.#declare(code));
    },
    result: (id: number, value: unknown): void => {
      const cell = get(this.#cells, id);
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
    using: <T extends AsyncDisposable | Disposable | null | undefined>(id: number, value: T): T => {
      const cell = get(this.#cells, id);
      if (cell) (cell.disposables ??= new AsyncDisposableStack()).use(value);
      return value;
    },
    ...FIXED_HOOKS,
  };

  #cancellation(id: number): Cancellation | undefined {
    return get(this.#cells, id)?.cancellation ?? get(this.#interrupted, id);
  }

  async #conclude(cell: RunningCell, outcome: Outcome): Promise<void> {
    // What follows at once from the cell's last statement belongs before its end.
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    try {
      await inStretches(this.#concluding(cell, outcome));
    } catch (error) {
      withIntrinsics(() => this.#endWithError(cell, this.#reporter.report(error, cell.url)));
    }
  }

  *#concluding(cell: RunningCell, outcome: Outcome): Generator<unknown, void, unknown> {
    let failure = this.#failure(outcome, cell.url);
    try {
      while (cell.held.length > 0) {
        const held = cell.held.splice(0).map(({ doing, giveUp }) => {
          return failure && giveUp ? giveUp() : doing;
        });
        yield Promise.allSettled(held);
      }
      // Shown while it lives: the result may be what `using` disposes.
      if (!failure && cell.hasResult) yield* this.#publishResult(cell);
    } catch (error) {
      failure = this.#reporter.report(error, cell.url);
    }
    try {
      if (cell.disposables) yield cell.disposables.disposeAsync();
      if (!failure) {
        const expressions = yield* this.#userExpressions(cell);
        this.#end(cell, "ok", { payload: cell.payload, user_expressions: expressions });
        return;
      }
    } catch (error) {
      failure ??= this.#reporter.report(error, cell.url);
    }
    this.#endWithError(cell, failure!);
  }

  /**
   * What went wrong, if anything did. A cell that ends after the user has pressed stop was interrupted: what
   * fails then fails of that, and what doesn't came from a native call to its end before V8 could stop it.
   */
  #failure(outcome: Outcome, url: string): ErrorContent | undefined {
    const stopped = Atomics.load(books().control, CONTROL.stop) !== 0;
    if (stopped) return this.#reporter.report(new Interrupted(), url);
    return outcome.ok ? undefined : this.#reporter.report(outcome.thrown, url);
  }

  *#publishResult(cell: RunningCell): Stretch<void> {
    const { job, result } = cell;
    if (result === undefined || job.silent || cell.ended) return;
    const { data, metadata } = yield* this.#formatted(result);
    if (cell.ended || Object.keys(data).length === 0) return;
    const content = { execution_count: job.executionCount, data, metadata };
    this.#output.publish("execute_result", content, job.request);
  }

  *#formatted(value: unknown): Stretch<Formatted> {
    const formatted = formatValue(value, this.#remap);
    return formatted instanceof Promise ? ((yield formatted) as Formatted) : formatted;
  }

  *#userExpressions(cell: RunningCell): Stretch<Record<string, object>> {
    const answers: Record<string, object> = {};
    for (const [name, expression] of Object.entries(cell.job.userExpressions)) {
      try {
        const value = yield this.#evaluate(cell, expression);
        answers[name] = { status: "ok", ...(yield* this.#formatted(value)) };
      } catch (error) {
        answers[name] = { status: "error", ...this.#reporter.report(error) };
      }
    }
    return answers;
  }

  #evaluate(cell: RunningCell, expression: string): Promise<unknown> {
    cell.result = undefined;
    const code = transformCell(expression, cell.job.request, this.#names);
    const script = this.#compile(cell, code, USER_EXPRESSION);
    return new Promise((resolve, reject) => {
      this.#evaluator.run(script, (outcome) => {
        if (outcome.ok) resolve(cell.result);
        else reject(outcome.thrown);
      });
    });
  }

  #endWithError(cell: RunningCell, error: ErrorContent): void {
    if (cell.ended) return;
    if (!cell.job.silent) this.#output.publish("error", error, cell.job.request);
    this.#end(cell, "error", error);
  }

  #end(cell: RunningCell, status: "ok" | "error", content: object): void {
    if (cell.ended) return;
    const { executionCount, request } = cell.job;
    const figures = cellEnded(executionCount);
    const reply = { status, execution_count: executionCount, ...content };
    const metadata = figures && {
      metadata: { [POOL_METADATA]: figures },
    };
    this.#output.event({ type: "reply", status, ...metadata }, reply, request);
    this.#turns.end(request);
    cell.ended = true;
    cell.result = undefined;
    lookLater();
    this.#cells.delete(request);
    if (this.#current === cell) this.#current = undefined;
  }
}
