// Random queries of many steps over random schemas, as data: for us they become a GpuTable's operations, for
// Polars and DuckDB what pipeline.py makes of them. Expressions are lists, the operation first, as there.
import fc from "fast-check";
import {
  type Aggregate,
  all,
  any,
  count,
  cumCount,
  cumMax,
  cumMin,
  cumSum,
  first,
  type GpuTable,
  lag,
  last,
  lead,
  max,
  mean,
  median,
  min,
  nunique,
  rollingSum,
  rowNumber,
  sum,
  type WindowFunction,
} from "../../kernel/src/compute/index.ts";
import { doubles, expr, type Formula, keyed, of, SMALL, tests, texts, wholes } from "./formulas.ts";
import { sortOf } from "./random.ts";

interface Key {
  readonly by: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type Step =
  | { readonly op: "filter"; readonly test: Formula }
  | { readonly op: "with"; readonly columns: Readonly<Record<string, Formula>> }
  | { readonly op: "select"; readonly names: readonly string[] }
  | {
      readonly op: "group";
      readonly keys: readonly string[];
      readonly figures: Readonly<Record<string, readonly [fn: string, of: string]>>;
    }
  | { readonly op: "sort"; readonly keys: readonly Key[] }
  | { readonly op: "distinct"; readonly keys: readonly string[] }
  | {
      readonly op: "join";
      readonly on: readonly (readonly [left: string, right: string])[];
      readonly how: "inner" | "left" | "full" | "semi" | "anti";
    }
  | {
      readonly op: "window";
      readonly partitions: readonly string[];
      readonly order: readonly Key[];
      readonly functions: Readonly<Record<string, readonly [fn: string, of: string]>>;
    }
  | { readonly op: "slice"; readonly from: number; readonly to: number }
  | { readonly op: "concat"; readonly test: Formula };

/** A step over columns of these names, with the names after it. `made` numbers what it makes. */
interface Next {
  readonly step: Step;
  readonly names: readonly string[];
}

function keys(names: readonly string[], most = 3): fc.Arbitrary<Key[]> {
  const key = fc.record({
    by: fc.constantFrom(...keyed(names)),
    descending: fc.boolean(),
    nullsFirst: fc.boolean(),
  });
  return fc.uniqueArray(key, { minLength: 1, maxLength: most, selector: ({ by }) => by });
}

const FIGURES: Record<string, { make: (of: string) => Aggregate; sort: (of: string) => string }> = {
  count: { make: count, sort: () => "whole" },
  nunique: { make: nunique, sort: () => "whole" },
  min: { make: min, sort: sortOf },
  max: { make: max, sort: sortOf },
  first: { make: first, sort: sortOf },
  last: { make: last, sort: sortOf },
  any: { make: any, sort: () => "bool" },
  all: { make: all, sort: () => "bool" },
  sum: { make: sum, sort: () => "figure" },
  mean: { make: mean, sort: () => "figure" },
  median: { make: median, sort: () => "figure" },
};

function figure(names: readonly string[]): fc.Arbitrary<readonly [string, string]> {
  const ofAll = fc.tuple(
    fc.constantFrom("count", "nunique", "first", "last", "min", "max"),
    fc.constantFrom(...keyed(names)),
  );
  const numbers = of(names, ...SMALL);
  const bools = of(names, "bool");
  return fc.oneof(
    ofAll,
    ...(numbers.length > 0
      ? [fc.tuple(fc.constantFrom("sum", "mean", "median"), fc.constantFrom(...numbers))]
      : []),
    ...(bools.length > 0
      ? [fc.tuple(fc.constantFrom("any", "all"), fc.constantFrom(...bools))]
      : []),
  );
}

const WINDOWS: Record<
  string,
  { make: (of: string) => WindowFunction; sort: (of: string) => string }
> = {
  rowNumber: { make: () => rowNumber(), sort: () => "whole" },
  lag: { make: (name) => lag(name, 2), sort: sortOf },
  lead: { make: (name) => lead(name), sort: sortOf },
  cumCount: { make: cumCount, sort: () => "whole" },
  cumSum: { make: cumSum, sort: () => "figure" },
  cumMin: { make: cumMin, sort: sortOf },
  cumMax: { make: cumMax, sort: sortOf },
  rollingSum: { make: (name) => rollingSum(name, 3), sort: () => "figure" },
};

function windowFunction(names: readonly string[]): fc.Arbitrary<readonly [string, string]> {
  const numbers = of(names, ...SMALL);
  return fc.oneof(
    fc.tuple(
      fc.constantFrom("rowNumber", "lag", "lead", "cumCount"),
      fc.constantFrom(...keyed(names)),
    ),
    ...(numbers.length > 0
      ? [
          fc.tuple(
            fc.constantFrom("cumSum", "cumMin", "cumMax", "rollingSum"),
            fc.constantFrom(...numbers),
          ),
        ]
      : []),
  );
}

function named<T>(items: readonly T[], i: number, sort: (item: T) => string): Record<string, T> {
  return Object.fromEntries(items.map((item, k) => [`${i}.${k}:${sort(item)}`, item]));
}

/** Step number `i` over these columns, beside a right table of others. */
function nextStep(
  names: readonly string[],
  right: readonly string[],
  i: number,
): fc.Arbitrary<Next> {
  const stay = (step: Step): Next => ({ step, names });
  const steps: fc.Arbitrary<Next>[] = [
    tests(names, 2).map((test) => stay({ op: "filter", test })),
    fc
      .tuple(wholes(names, 2), doubles(names, 2), texts(names, 2), tests(names, 1))
      .map(([n, x, s, b]) => {
        const columns = {
          [`${i}.n:whole`]: n,
          [`${i}.x:float64`]: x,
          [`${i}.s:text`]: s,
          [`${i}.b:bool`]: b,
        };
        return { step: { op: "with", columns }, names: [...names, ...Object.keys(columns)] };
      }),
    fc
      .uniqueArray(fc.constantFrom(...names), { minLength: Math.min(3, names.length) })
      .filter((some) => keyed(some).length > 0)
      .map((some) => ({ step: { op: "select", names: some }, names: some })),
    keys(names).map((by) => stay({ op: "sort", keys: by })),
    fc
      .uniqueArray(fc.constantFrom(...keyed(names)), { minLength: 1, maxLength: 3 })
      .map((by) => stay({ op: "distinct", keys: by })),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...keyed(names)), { minLength: 1, maxLength: 3 }),
        fc.array(figure(names), { minLength: 1, maxLength: 4 }),
      )
      .map(([by, some]) => {
        const figures = named(some, i, ([fn, name]) => FIGURES[fn]!.sort(name));
        return {
          step: { op: "group", keys: by, figures },
          names: [...by, ...Object.keys(figures)],
        };
      }),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...keyed(names)), { maxLength: 2 }),
        keys(names, 2),
        fc.array(windowFunction(names), { minLength: 1, maxLength: 3 }),
      )
      .map(([partitions, order, some]) => {
        const functions = named(some, i, ([fn, name]) => WINDOWS[fn]!.sort(name));
        return {
          step: { op: "window", partitions, order, functions },
          names: [...names, ...Object.keys(functions)],
        };
      }),
    fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 60 }))
      .map(([from, more]) => stay({ op: "slice", from, to: from + more })),
    tests(names, 1).map((test) => stay({ op: "concat", test })),
  ];
  const pairs = names.flatMap((left) =>
    right.filter((name) => sortOf(name) === sortOf(left)).map((name) => [left, name] as const),
  );
  if (pairs.length > 0 && !names.some((name) => right.includes(name))) {
    steps.push(
      fc
        .tuple(
          fc.uniqueArray(fc.constantFrom(...pairs), { minLength: 1, maxLength: 2 }),
          fc.constantFrom("inner", "left", "full", "semi", "anti" as const),
        )
        .map(([on, how]) => {
          const rest =
            how === "full" ? right : right.filter((name) => !on.some(([, r]) => r === name));
          const more = how === "semi" || how === "anti" ? [] : rest;
          return { step: { op: "join", on, how }, names: [...names, ...more] };
        }),
    );
  }
  return fc.oneof(...steps);
}

/** Up to `most` steps over columns of these names. */
export function pipelines(
  names: readonly string[],
  right: readonly string[],
  most: number,
  i = 0,
): fc.Arbitrary<Step[]> {
  if (most === 0) return fc.constant([]);
  return nextStep(names, right, i).chain(({ step, names: after }) =>
    pipelines(after, right, most - 1, i + 1).map((steps) => [step, ...steps]),
  );
}

const sortKey = ({ by, descending, nullsFirst }: Key) => ({
  by,
  descending,
  nulls: nullsFirst ? ("first" as const) : ("last" as const),
});

function run(t: GpuTable, right: GpuTable, step: Step): GpuTable {
  const each = <A, B>(all: Readonly<Record<string, A>>, made: (one: A) => B) =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, made(one)]));
  switch (step.op) {
    case "filter":
      return t.filter(expr(step.test));
    case "with":
      return t.withColumns(each(step.columns, expr));
    case "select":
      return t.select(step.names);
    case "group":
      return t.groupBy(step.keys).agg(each(step.figures, ([fn, name]) => FIGURES[fn]!.make(name)));
    case "sort":
      return t.sort(step.keys.map(sortKey));
    case "distinct":
      return t.distinct(step.keys);
    case "join":
      return t.join(right, {
        on: step.on.map(([left, name]) => ({ left, right: name })),
        how: step.how,
      });
    case "window":
      return t.withWindows(
        each(step.functions, ([fn, name]) => WINDOWS[fn]!.make(name)),
        { partitionBy: step.partitions, orderBy: step.order.map(sortKey) },
      );
    case "slice":
      return t.slice(step.from, step.to);
    default:
      return t.concat(t.filter(expr(step.test)));
  }
}

/** The query of these steps. */
export function query(t: GpuTable, right: GpuTable, steps: readonly Step[]): GpuTable {
  return steps.reduce((table, step) => run(table, right, step), t);
}
