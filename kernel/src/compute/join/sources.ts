// Two tables joined by keys, as a source of rows.
import { CenoteError, formatBytes } from "../../base/index.ts";
import {
  type Column,
  type ColumnStore,
  type ColumnType,
  ColumnStore as Store,
  TYPES,
} from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { pairsOf } from "../host/join.ts";
import { takenRows } from "../host/order.ts";
import type { HostRows } from "../host/rows.ts";
import { rowsObstacle, rowsOf } from "../host/run.ts";
import type { HostSide, RunOptions } from "../host/side.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { type Taken, takeRows } from "../run/across.ts";
import { joinPairs, type Pairs } from "../run/join.ts";
import { prepare } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { type Wide, withHidden, withRows } from "../sort/hidden.ts";
import { PendingSource, unlimited } from "../sources.ts";
import { node, showTyped, type Typed } from "../typed.ts";
import type { JoinKind } from "../wgsl/join.ts";
import { type JoinOptions, joinKeys, type TypedJoinKey } from "./keys.ts";

/** A column of the result and the one of the right table that it is. */
interface RightColumn {
  readonly name: string;
  readonly from: string;
  readonly type: ColumnType;
}

/** The join of two plans. Throws as joinKeys does, and SAME_NAME. */
export function joined(left: Plan, right: Plan, options: JoinOptions): Plan {
  const keys = joinKeys(left, right, options);
  const { how = "inner", suffix = "_right" } = options;
  const columns = how === "semi" || how === "anti" ? [] : rightColumns(left, right, keys, suffix);
  return wholeOf(new JoinSource(left, right, keys, how, columns));
}

// A key's column of the right table equals the left one and is left out.
function rightColumns(
  left: Plan,
  right: Plan,
  keys: readonly TypedJoinKey[],
  suffix: string,
): RightColumn[] {
  const isKey = (at: Typed) => keys.some((key) => key.right.key === at.key);
  const names = new Set(left.columns.keys());
  return [...right.columns].flatMap(([from, at]) => {
    if (isKey(at)) return [];
    const name = left.columns.has(from) ? from + suffix : from;
    if (names.has(name)) {
      throw new CenoteError("SAME_NAME", `join: two columns would be named "${name}"`, {
        mend: 'Give another suffix: { suffix: "_other" }.',
      });
    }
    names.add(name);
    return [{ name, from, type: at.type }];
  });
}

class JoinSource extends PendingSource {
  readonly #right: Plan;
  readonly #keys: readonly TypedJoinKey[];
  readonly #kind: JoinKind;
  readonly #columns: readonly RightColumn[];

  constructor(
    left: Plan,
    right: Plan,
    keys: readonly TypedJoinKey[],
    kind: JoinKind,
    columns: readonly RightColumn[],
  ) {
    super(left);
    this.#right = right;
    this.#keys = keys;
    this.#kind = kind;
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
  override get host(): HostSide {
    const left = withHidden(
      this.plan,
      this.#keys.map((key) => key.left),
    );
    const right = withHidden(
      unlimited(this.#right),
      this.#keys.map((key) => key.right),
    );
    const sides = [left.plan.source.host, right.plan.source.host];
    const counts = sides.map((side) => side?.count ?? Number.POSITIVE_INFINITY);
    return {
      there: sides.every((side) => side?.there === true),
      count: Math.max(...counts),
      obstacle: () => rowsObstacle(left.plan) ?? rowsObstacle(right.plan),
      rows: () => this.#onHost(left, right),
    };
  }
  async #onHost(left: Wide, right: Wide): Promise<HostRows> {
    const [a, b] = [await rowsOf(left.plan), await rowsOf(right.plan)];
    const keys = left.names.map((name, i) => [name, right.names[i]!] as const);
    const pairs = pairsOf(a, b, keys, this.#kind);
    const ours = takenRows(a, [...this.plan.columns.keys()], pairs.left);
    const names = this.#columns.map(({ from }) => from);
    const theirs = takenRows(b, names, pairs.right, this.#kind === "left");
    const columns = new Map(ours.columns);
    const part = new Map(ours.chunks[0]?.columns);
    for (const { name, from } of this.#columns) {
      columns.set(name, { ...theirs.columns.get(from)!, name });
      if (theirs.chunks[0]) part.set(name, theirs.chunks[0].columns.get(from)!);
    }
    const chunks = ours.chunks.map(({ rows }) => ({ rows, columns: part }));
    return { columns, chunks, metadata: a.metadata };
  }
  explain(options: RunOptions = {}): string[] {
    const on = this.#keys.map(({ left, right }) => `${showTyped(left)} = ${showTyped(right)}`);
    const onHost = this.explainOnHost(`${this.#kind} join on ${on.join(", ")}`, options);
    if (onHost) return [...this.#right.source.explain(options), ...onHost];
    return [
      ...this.explainPlan(),
      ...this.#right.source.explain(),
      `${this.#kind} join on ${on.join(", ")}: right keys sorted, probe by binary search, count, scan, pairs; rows are counted before they are allocated`,
    ];
  }

  protected make(): Promise<ColumnStore> {
    const leftKeys = this.#keys.map(({ left }) => left);
    const rightKeys = this.#keys.map(({ right }) => right);
    // Keys that are null match nothing.
    const present = rightKeys.map((at) =>
      node("not", TYPES.bool, [node("isNull", TYPES.bool, [at])]),
    );
    const right = unlimited(this.#right);
    const where = (right.where ? [right.where, ...present] : present).reduce((a, b) =>
      node("and", TYPES.bool, [a, b]),
    );
    return withRows(this.plan, leftKeys, (left, leftNames) =>
      withRows({ ...right, where }, rightKeys, (matched, rightNames) =>
        this.#join([left, matched], [leftNames, rightNames]),
      ),
    );
  }

  async #join(
    stores: readonly [ColumnStore, ColumnStore],
    names: readonly [readonly string[], readonly string[]],
  ): Promise<ColumnStore> {
    using scratch = new Scratch(this.gpu);
    const keysOf = (side: readonly string[]) =>
      side.map((column) => ({ column, descending: false, nullsFirst: false }));
    const prepared = await prepare(
      stores.map((store, i) => ({ store, keys: keysOf(names[i]!) })),
      scratch,
    );
    try {
      const [left, right] = prepared.tables;
      const check = (rows: number) => this.#check(rows);
      const pairs = await joinPairs([left!, right!], prepared.packing, this.#kind, check, scratch);
      return await this.#take(stores, pairs, scratch);
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
      `${this.#kind} join on ${this.#keys.map(({ left }) => showTyped(left)).join(", ")}: the result has ${rows} rows (${formatBytes(bytes)} without texts); the pool may hold ${formatBytes(budget + host + disk)}`,
      { mend: "Join by more keys, aggregate or filter before, or select fewer columns." },
    );
  }

  async #take(
    [left, right]: readonly [ColumnStore, ColumnStore],
    pairs: readonly Pairs[],
    scratch: Scratch,
  ): Promise<ColumnStore> {
    const shown = [...this.plan.columns.keys()];
    const chunks: Column[][] = [];
    const chunkRows: number[] = [];
    for (const pair of pairs.length > 0 ? pairs : [NONE]) {
      const parts: Taken[] = [{ store: left, names: shown, rows: pair.left }];
      const names = this.#columns.map(({ from }) => from);
      const missing = this.#kind === "left";
      if (names.length > 0) parts.push({ store: right, names, rows: pair.right, missing });
      const taken = await takeRows(parts, scratch);
      chunks.push(taken.columns);
      chunkRows.push(...taken.chunkRows);
    }
    const columns = chunks[0]!.map((column, i): Column => {
      const name = this.#columns[i - shown.length]?.name ?? column.name;
      return { ...column, name, chunks: chunks.flatMap((run) => run[i]!.chunks) };
    });
    scratch.keep(columns.flatMap((column) => column.chunks.map(({ block }) => block)));
    return new Store(this.gpu, columns, chunkRows, left.metadata);
  }
}

const NO_ROWS = { count: 0, host: new Uint32Array() };
const NONE: Pairs = { left: NO_ROWS, right: NO_ROWS };
