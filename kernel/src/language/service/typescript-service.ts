// The types of a notebook by TypeScript's own LanguageService.
import ts from "typescript";
import type {
  TypedCell,
  TypedCompletion,
  TypedInspection,
  TypeReport,
  TypeService,
} from "../../base/index.ts";
import { Completer } from "./complete.ts";
import { diagnose } from "./diagnose.ts";
import { type HostOptions, NotebookHost } from "./host.ts";
import { inspectAt } from "./inspect.ts";
import { type CellModule, parseErrors } from "./notebook.ts";
import { renderErrors } from "./render.ts";

/** A check was given up because something more urgent came up; the same call can be made again. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

export interface TypeScriptServiceOptions extends HostOptions {
  /** True to have a check given up. */
  cancelled(): boolean;
}

export class TypeScriptService implements TypeService {
  readonly #host: NotebookHost;
  readonly #service: ts.LanguageService;
  readonly #completer: Completer;
  readonly #cancelled: () => boolean;

  constructor(options: TypeScriptServiceOptions) {
    this.#cancelled = options.cancelled;
    this.#host = new NotebookHost(options);
    this.#service = ts.createLanguageService(this.#host);
    this.#completer = new Completer(this.#service, this.#host);
  }

  add(cell: TypedCell): void {
    this.#host.notebook.add(cell);
    this.packagesChanged();
  }

  packagesChanged(): void {
    this.#host.changed();
    this.#completer.forget();
  }

  share(names: readonly string[]): void {
    if (this.#host.share(names)) this.#completer.forget();
  }

  complete(code: string, cursor: number): TypedCompletion {
    return this.#completer.complete(code, cursor);
  }

  inspect(code: string, cursor: number): TypedInspection | undefined {
    return inspectAt(this.#service, this.#host, code, cursor);
  }

  check(ids: readonly number[], living: readonly string[]): TypeReport[] {
    const { notebook } = this.#host;
    const cells = ids.flatMap((id) => notebook.cell(id) ?? []);
    this.#host.check(cells.map(({ path }) => path));
    try {
      const program = this.#service.getProgram()!;
      return cells.map((cell) => this.#report(program, cell, living, false));
    } finally {
      this.#host.check([]);
    }
  }

  tryCell(cell: TypedCell, living: readonly string[]): TypeReport {
    const draft = this.#host.draft(cell.code, `Cell [${cell.executionCount}]`);
    const program = this.#service.getProgram()!;
    return { ...this.#report(program, draft, living, true), id: cell.id };
  }

  #report(
    program: ts.Program,
    cell: CellModule,
    living: readonly string[],
    before: boolean,
  ): TypeReport {
    const options = { living: new Set(living), before };
    const { errors, missing } = diagnose(cell, this.#semantic(program, cell), options);
    const data = errors.length > 0 ? renderErrors(cell, errors, before) : {};
    return { id: cell.id, errors: errors.length, data, missing };
  }

  #semantic(program: ts.Program, cell: CellModule): readonly ts.Diagnostic[] {
    if (this.#cancelled()) throw new Cancelled();
    const token: ts.CancellationToken = {
      isCancellationRequested: this.#cancelled,
      throwIfCancellationRequested: () => {
        if (this.#cancelled()) throw new ts.OperationCanceledException();
      },
    };
    try {
      const file = program.getSourceFile(cell.path)!;
      // What isn't valid TypeScript is told when it is run.
      return parseErrors(file).length > 0 ? [] : program.getSemanticDiagnostics(file, token);
    } catch (error) {
      if (error instanceof ts.OperationCanceledException) throw new Cancelled();
      throw error;
    }
  }
}
