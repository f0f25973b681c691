// Two tables joined by keys, as a source of rows.
import { CenoteError, formatBytes } from "../../base/index.ts";
import { type Column, type ColumnStore, type ColumnType, TYPES } from "../../columns/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { type Estimate, joinEstimate } from "../estimate.ts";
import { pairsOf } from "../host/join.ts";
import { takenRows } from "../host/order.ts";
import { rowsOf } from "../host/run.ts";
import type { HostRows, HostSide, RunOptions } from "../host/side.ts";
import type { Plan } from "../plan.ts";
import { NO_ROW, type Taken, takeRows } from "../run/across.ts";
import { appended } from "../run/across-nested.ts";
import { joinPairs, type Pairs } from "../run/join.ts";
import { prepare } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { keptStore, type Wide, withHidden, withRows } from "../sort/hidden.ts";
import { PendingSource } from "../sources.ts";
import { node, showTyped, type Typed } from "../typed.ts";
import type { JoinKind } from "../wgsl/join.ts";
import type { How, TypedJoinKey } from "./keys.ts";

/** A column of the result and the one of the right table that it is. */
export interface RightColumn {
  readonly name: string;
  readonly from: string;
  readonly type: ColumnType;
}

/** Rows of two plans by keys; the right one and, of a full join, the left one have no limit. */
export class JoinSource extends PendingSource {
  readonly #right: Plan;
  readonly #keys: readonly TypedJoinKey[];
  readonly #how: How;
  readonly #columns: readonly RightColumn[];

  constructor(
    left: Plan,
    right: Plan,
    keys: readonly TypedJoinKey[],
    how: How,
    columns: readonly RightColumn[],
  ) {
    super(left);
    this.#right = right;
    this.#keys = keys;
    this.#how = how;
    this.#columns = columns;
  }
  get columns() {
    const left = [...this.plan.columns].map(([name, { type }]) => ({ name, type }));
    return [...left, ...this.#columns.map(({ name, type }) => ({ name, type }))];
  }
  override *blocks(): Iterable<Block> {
    yield* this.plan.source.blocks();
    yield* this.#right.source.blocks();
  }
  /** Of the table that is in the pool, where one is on the host. */
  override get gpu(): Gpu {
    return (this.plan.source.host.there ? this.#right : this.plan).source.gpu;
  }
  override get host(): HostSide {
    const left = withHidden(
      this.plan,
      this.#keys.map((key) => key.left),
    );
    const right = withHidden(
      this.#right,
      this.#keys.map((key) => key.right),
    );
    const sides = [left.plan.source.host, right.plan.source.host];
    const counts = sides.map((side) => side.count ?? Number.POSITIVE_INFINITY);
    return {
      there: sides.every((side) => side.there),
      count: Math.max(...counts),
      rows: () => this.#onHost(left, right),
    };
  }
  async #onHost(left: Wide, right: Wide): Promise<HostRows> {
    const [a, b] = [await rowsOf(left.plan), await rowsOf(right.plan)];
    const keys = left.names.map((name, i) => [name, right.names[i]!] as const);
    const pairs = pairsOf(a, b, keys, this.#how);
    const ours = takenRows(a, [...this.plan.columns.keys()], pairs.left, this.#how === "full");
    const names = this.#columns.map(({ from }) => from);
    const theirs = takenRows(b, names, pairs.right, this.#missing);
    const columns = new Map(ours.columns);
    const part = new Map(ours.chunks[0]?.columns);
    for (const { name, from } of this.#columns) {
      columns.set(name, { ...theirs.columns.get(from)!, name });
      if (theirs.chunks[0]) part.set(name, theirs.chunks[0].columns.get(from)!);
    }
    const chunks = ours.chunks.map(({ rows }) => ({ rows, columns: part }));
    return { columns, chunks, metadata: a.metadata };
  }
  /** Whether rows may have no row of the right table. */
  get #missing(): boolean {
    return this.#how === "left" || this.#how === "full";
  }
  get #what(): string {
    const on = this.#keys.map(({ left, right }) => {
      const [a, b] = [showTyped(left), showTyped(right)];
      return a === b ? a : `${a} = ${b}`;
    });
    return `${this.#how} join on ${on.join(", ")}`;
  }
  explain(options: RunOptions = {}): string[] {
    const onHost = this.explainOnHost(this.#what, options);
    if (onHost) return [...this.#right.source.explain(options), ...onHost];
    const how =
      "right keys sorted, probe by binary search, count, scan, pairs; rows are counted before they are allocated";
    return [
      ...this.#right.source.explain(options),
      ...this.explainOnGpu(this.#what, how, options, () => this.#estimate()),
    ];
  }
  #estimate(): Estimate | undefined {
    if (!this.#right.source.store) return undefined;
    const left = { plan: this.plan, keys: this.#keys.map((key) => key.left) };
    const right = { plan: this.#right, keys: this.#keys.map((key) => key.right) };
    return joinEstimate([left, right], this.columns);
  }

  protected make(): Promise<ColumnStore> {
    const leftKeys = this.#keys.map(({ left }) => left);
    const rightKeys = this.#keys.map(({ right }) => right);
    return withRows(this.plan, leftKeys, (left, leftNames) =>
      withRows(present(this.#right, rightKeys), rightKeys, (matched, rightNames) => {
        const sides: Sides = [
          { store: left, names: leftNames },
          { store: matched, names: rightNames },
        ];
        return this.#how === "full" ? this.#full(sides) : this.#join(sides, this.#how);
      }),
    );
  }

  async #join(sides: Sides, kind: JoinKind): Promise<ColumnStore> {
    using scratch = new Scratch(this.gpu);
    const pairs = await this.#pairs(sides, kind, 0, scratch);
    return await this.#take(sides[0].store, this.#parts(sides, pairs), scratch);
  }

  // The left join, and the right rows that match none. Those whose key is null are among them.
  async #full(sides: Sides): Promise<ColumnStore> {
    const [left] = sides;
    const leftKeys = this.#keys.map((key) => key.left);
    const rightKeys = this.#keys.map((key) => key.right);
    const only = present({ ...this.plan, columns: new Map() }, leftKeys);
    return await withRows(this.#right, rightKeys, (all, allNames) =>
      withRows(only, leftKeys, async (keyed, keyNames) => {
        using scratch = new Scratch(this.gpu);
        const pairs = await this.#pairs(sides, "left", 0, scratch);
        const found = pairs.reduce((sum, pair) => sum + pair.left.count, 0);
        const others: Sides = [
          { store: all, names: allNames },
          { store: keyed, names: keyNames },
        ];
        const alone = (await this.#pairs(others, "anti", found, scratch)).map((pair): Pairs => {
          const host = new Uint32Array(pair.left.count).fill(NO_ROW);
          return { left: { count: host.length, host }, right: pair.left };
        });
        const both = this.#parts(sides, pairs);
        const parts = [...both, ...this.#parts([left, others[0]], alone)];
        return await this.#take(left.store, parts, scratch);
      }),
    );
  }

  /** `before` rows come before these. */
  async #pairs(
    sides: Sides,
    kind: JoinKind,
    before: number,
    scratch: Scratch,
  ): Promise<readonly Pairs[]> {
    const keysOf = (names: readonly string[]) =>
      names.map((column) => ({ column, descending: false, nullsFirst: false }));
    const prepared = await prepare(
      sides.map(({ store, names }) => ({ store, keys: keysOf(names) })),
      scratch,
    );
    try {
      const [left, right] = prepared.tables;
      const check = (rows: number) => this.#check(before + rows);
      return await joinPairs([left!, right!], prepared.packing, kind, check, scratch);
    } finally {
      prepared.dispose();
    }
  }

  // Bytes of all columns but what texts hold, which is not known yet.
  #check(rows: number): void {
    const bits = this.columns.reduce((sum, { type }) => sum + type.bits, 0);
    const bytes = Math.ceil((rows * bits) / 8);
    const { budget } = this.gpu.pool.stats();
    const { host, disk } = this.gpu.pool.tiers;
    if (rows < 2 ** 32 - 1 && bytes <= budget + host + disk) return;
    throw new CenoteError(
      "TOO_MANY_ROWS",
      `${this.#what}: the result has ${rows} rows (${formatBytes(bytes)} without texts); the pool may hold ${formatBytes(budget + host + disk)}`,
      { mend: "Join by more keys, aggregate or filter before, or select fewer columns." },
    );
  }

  /** What each run of pairs takes of both tables. */
  #parts([left, right]: Sides, pairs: readonly Pairs[]): Taken[][] {
    const shown = [...this.plan.columns.keys()];
    const names = this.#columns.map(({ from }) => from);
    const missing = this.#missing;
    return (pairs.length > 0 ? pairs : [NONE]).map((pair) => {
      const ours = { store: left.store, names: shown, rows: pair.left };
      const theirs = { store: right.store, names, rows: pair.right, missing };
      return [{ ...ours, missing: this.#how === "full" }, ...(names.length > 0 ? [theirs] : [])];
    });
  }

  async #take(
    left: ColumnStore,
    parts: readonly (readonly Taken[])[],
    scratch: Scratch,
  ): Promise<ColumnStore> {
    const chunks: Column[][] = [];
    const chunkRows: number[] = [];
    for (const part of parts) {
      const taken = await takeRows(part, scratch);
      chunks.push(taken.columns);
      chunkRows.push(...taken.chunkRows);
    }
    const shown = this.plan.columns.size;
    const columns = chunks[0]!.map((column, i): Column => {
      const name = this.#columns[i - shown]?.name ?? column.name;
      return { ...appended(chunks.map((run) => run[i]!)), name };
    });
    return keptStore(left, { columns, chunkRows }, scratch);
  }
}

/** A table and the columns that its keys are in. */
interface JoinSide {
  readonly store: ColumnStore;
  readonly names: readonly string[];
}
type Sides = readonly [JoinSide, JoinSide];

// Keys that are null match nothing.
function present(plan: Plan, keys: readonly Typed[]): Plan {
  const tests = keys.map((at) => node("not", TYPES.bool, [node("isNull", TYPES.bool, [at])]));
  const all = plan.where ? [plan.where, ...tests] : tests;
  return { ...plan, where: all.reduce((a, b) => node("and", TYPES.bool, [a, b])) };
}

const NO_ROWS = { count: 0, host: new Uint32Array() };
const NONE: Pairs = { left: NO_ROWS, right: NO_ROWS };
