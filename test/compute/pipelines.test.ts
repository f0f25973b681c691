// Queries of several steps over random schemas (nulls, NaN, infinities, both zeros, empty tables and batches,
// sliced batches, dictionaries of their own), on the device and on the host, against Polars and DuckDB row by row.
import { after, test } from "node:test";
import fc from "fast-check";
import { tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertClose, openPeer } from "./peer.ts";
import { pipelines, query } from "./pipeline.ts";
import { randomTable, VALUES } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const RUNS = Number(process.env["CENOTE_EXAMPLES"] ?? 10);
const SORTS = Object.keys(VALUES);
/** What DuckDB has no type for, or not the same range. */
const OTHERS = ["float16", "span", "seconds", "nanos"];

const schema = (sorts: readonly string[], side: string) =>
  fc
    .array(fc.constantFrom(...sorts), { minLength: 1, maxLength: 7 })
    .map((all) => all.map((sort, i) => `${side}${i}:${sort}`));

const given = fc
  .constantFrom("polars", "duckdb" as const)
  .chain((by) => {
    const sorts = by === "polars" ? SORTS : SORTS.filter((sort) => !OTHERS.includes(sort));
    return fc.tuple(fc.constant(by), schema(sorts, "a"), schema(sorts, "b"));
  })
  .chain(([by, left, right]) =>
    fc.record({
      by: fc.constant(by),
      left: randomTable(left, 90),
      right: randomTable(right, 25),
      steps: fc.nat(5).chain((most) => pipelines(left, right, most + 1)),
    }),
  );

test("queries of several steps equal Polars' and DuckDB's", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(given, async ({ by, left, right, steps }) => {
        const wanted = await peer.ask("pipeline", [left.values, right.values], { by, steps });
        using a = await tableToGpu(gpu, left.table, { chunkRows: left.chunkRows });
        using b = await tableToGpu(gpu, right.table, { chunkRows: right.chunkRows });
        for (const [x, y] of [
          [a, b],
          [tableOnHost(left.table), tableOnHost(right.table)],
        ] as const) {
          const asked = query(x, y, steps);
          asked.explain();
          const where = `${by}, ${x === a ? "on the GPU" : "on the host"}`;
          assertClose(await asked.toArrow(), wanted, `${where}: ${JSON.stringify(steps)}`, 1e-12);
        }
      }),
      { numRuns: RUNS },
    ),
  );
});
