// A source whose few rows come about on the host, and are uploaded only if they are computed with.
import type { Table } from "apache-arrow";
import { type ColumnStore, type ColumnType, uploadTable } from "../../columns/index.ts";
import { rowsFrom } from "../host/run.ts";
import type { HostSide } from "../host/side.ts";
import type { Plan } from "../plan.ts";
import { PendingSource } from "../sources.ts";

export class HostSource extends PendingSource {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly #run: () => Promise<Table>;
  readonly #what: string;
  #table: Promise<Table> | undefined;

  /** `run` computes the rows; `what` says how, for explain(). */
  constructor(
    plan: Plan,
    columns: readonly { readonly name: string; readonly type: ColumnType }[],
    run: () => Promise<Table>,
    what: string,
  ) {
    super(plan);
    this.columns = columns;
    this.#run = run;
    this.#what = what;
  }
  override get host(): HostSide {
    const side = this.plan.source.host;
    return {
      there: side.there,
      count: side.count,
      rows: async () => rowsFrom(await this.table()),
    };
  }
  table(): Promise<Table> {
    this.#table ??= this.#run().catch((error: unknown) => {
      this.#table = undefined;
      throw error;
    });
    return this.#table;
  }
  protected async make(): Promise<ColumnStore> {
    return uploadTable(this.gpu, await this.table());
  }
  explain(): string[] {
    return [...this.explainPlan(), this.#what];
  }
}
