// The WGSL that is generated, as text that people have read. After a wanted change:
//   UPDATE_GOLDEN=1 node scripts/with-env.mjs node --test test/compute/golden.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { uploadTable } from "../../kernel/src/columns/index.ts";
import { col, type Expr } from "../../kernel/src/compute/index.ts";
import { wholeOf } from "../../kernel/src/compute/plan.ts";
import { resolve } from "../../kernel/src/compute/rules.ts";
import { slotsFor } from "../../kernel/src/compute/run/slots.ts";
import { StoreSource } from "../../kernel/src/compute/sources.ts";
import { takeKernel, textKernel } from "../../kernel/src/compute/wgsl/across.ts";
import { maskKernel } from "../../kernel/src/compute/wgsl/filter.ts";
import { groupKernel } from "../../kernel/src/compute/wgsl/group.ts";
import { pairsKernel, probeKernel } from "../../kernel/src/compute/wgsl/join.ts";
import { boundsKernel, packKernel } from "../../kernel/src/compute/wgsl/order.ts";
import type { KernelText } from "../../kernel/src/compute/wgsl/program.ts";
import { projectKernel } from "../../kernel/src/compute/wgsl/project.ts";
import { countKernel, scatterKernel } from "../../kernel/src/compute/wgsl/radix.ts";
import { rankKernel } from "../../kernel/src/compute/wgsl/ranks.ts";
import { textCopyKernel } from "../../kernel/src/compute/wgsl/text.ts";
import { gpu } from "../gpu/open.ts";

const moment = new arrow.TimestampMicrosecond();
const table = new arrow.Table({
  delay: arrow.vectorFromArray([1, null, 3], new arrow.Int16()),
  speed: arrow.vectorFromArray([1.5, null, 3], new arrow.Float32()),
  when: arrow.vectorFromArray([0, 1, 2], moment),
  origin: arrow.vectorFromArray(["LAX", null, "SFO"], new arrow.Utf8()),
});
const store = await uploadTable(gpu, table);
const scope = wholeOf(new StoreSource(store)).columns;
const typed = (expr: Expr) => resolve(expr, scope);

function compare(name: string, { code, label, bindings }: KernelText): void {
  // It must also compile.
  gpu.pipeline({ label, code, bindings, params: true });
  const file = new URL(`./golden/${name}.wgsl`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, code);
  assert.equal(code, readFileSync(file, "utf8"), `${name}.wgsl`);
}

test("a filter of packed integers, floats by their bits, and text", () => {
  const where = col("delay").gt(15.5).and(col("speed").le(2.5)).or(col("origin").eq("LAX"));
  compare("filter", maskKernel(store, typed(where)));
});

test("arithmetic with nulls, packed back to 16 bits", () => {
  compare(
    "project",
    projectKernel(store, typed(col("delay").mul(2).add(1).cast("int16")), true, "column x").text,
  );
});

test("the hour of a timestamp, by division of 64 bits", () => {
  compare("hour", projectKernel(store, typed(col("when").hour()), false, "column hour").text);
});

test("text, gathered", () => {
  compare("text", textCopyKernel(store, typed(col("origin")), true));
});

test("a filter and a sum, fused, in tables of invocations' own", () => {
  const keys = [typed(col("when").hour())];
  const of = typed(col("delay"));
  compare(
    "group-direct",
    groupKernel(store, {
      where: typed(col("delay").ge(0)),
      keys,
      parts: [{ kind: "count" }, { kind: "integers", of, limbs: 2 }],
      slots: slotsFor(store, keys),
      form: "own",
      lowWords: false,
    }),
  );
});

test("hashed keys and an exact sum of floats, in a shared table", () => {
  const keys = [typed(col("origin")), typed(col("speed"))];
  const of = typed(col("speed"));
  compare(
    "group-hash",
    groupKernel(store, {
      keys,
      parts: [
        { kind: "floats", of, limbs: 10 },
        { kind: "extreme", of: typed(col("when")), best: "min", wide: true, flags: false },
      ],
      slots: slotsFor(store, keys),
      form: "shared",
      lowWords: false,
    }),
  );
});

const key = (name: string) => ({ at: typed(col(name)), descending: false, nullsFirst: false });

test("the bounds of a float key, and a text key packed into words", () => {
  compare("key-bounds", boundsKernel(store, key("speed"), true));
  compare("key-pack", packKernel(store, { ...key("origin"), textWords: 2 }, true));
  compare("key-rank", rankKernel(store, typed(col("origin"))));
});

test("a pass of the radix sort", () => {
  compare("radix-count", countKernel());
  compare("radix-scatter", scatterKernel());
});

test("rows taken from one chunk of several, packed values and text", () => {
  compare("take", takeKernel(store, typed(col("delay")), true));
  compare("take-text", textKernel(store, typed(col("origin")), true));
});

test("a join: the search, and the pairs", () => {
  compare("join-probe", probeKernel());
  compare("join-pairs", pairsKernel());
});

test("an exact sum of squares", () => {
  const of = typed(col("speed"));
  compare(
    "squares",
    groupKernel(store, {
      keys: [],
      parts: [{ kind: "squares", of, limbs: 20 }],
      slots: slotsFor(store, []),
      form: "local",
      lowWords: false,
    }),
  );
});
