// Flights, 3 million rows: filters, group-bys and four figures on the GPU against Polars, turn by turn in
// one run, both with the table in their memory already. Prints the medians and their ratio.
//   node scripts/with-env.mjs node bench/compute.ts [runs]
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Table, tableFromIPC } from "apache-arrow";
import { formatBytes } from "../kernel/src/base/index.ts";
import {
  col,
  count,
  type GpuTable,
  max,
  min,
  sum,
  tableToGpu,
} from "../kernel/src/compute/index.ts";
import { openGpu } from "../kernel/src/gpu/index.ts";

const runs = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), "cenote-bench-"));
const peer = spawn(
  "python",
  [fileURLToPath(new URL("compute-peer.py", import.meta.url)), join(folder, "flights.arrow")],
  {
    stdio: ["pipe", "pipe", "inherit"],
  },
);
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse(String((await lines.next()).value));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed<T>(body: () => Promise<T>): Promise<[T, number]> {
  const begin = performance.now();
  const value = await body();
  return [value, performance.now() - begin];
}

const figures = { n: count(), total: sum("delay"), lo: min("distance"), hi: max("distance") };

function queryOf(name: string, flights: GpuTable): GpuTable {
  const late = flights.filter(col("delay").gt(15));
  switch (name) {
    case "by hour":
      return late.groupBy({ hour: col("date").hour() }).agg(figures);
    case "by origin":
      return late.groupBy("origin").agg(figures);
    case "by route":
      return flights.groupBy("origin", "destination").agg(figures);
    default:
      return flights.agg(figures);
  }
}

/** Groups, rows and the sum of delays: what both sides must agree on. */
function check(table: Table): number[] {
  const total = (name: string) =>
    [...table.getChild(name)!].reduce((a: number, b) => a + Number(b), 0);
  return [table.numRows, total("n"), total("total")];
}

try {
  const names: string[] = await answer();
  const gpu = await openGpu();
  const table = tableFromIPC(readFileSync(join(folder, "flights.arrow")));
  const [flights, upload] = await timed(() => tableToGpu(gpu, table));
  const [, first] = await timed(() => flights.toArrow());
  const { adapter } = gpu;
  console.log(
    `adapter: ${adapter.name}${adapter.software ? " — SOFTWARE: figures are of a processor" : ""}`,
  );
  console.log(
    `${table.numRows} rows, ${formatBytes(gpu.counts.uploadBytes)}: upload ${upload.toFixed(0)} ms, read-back ${first.toFixed(0)} ms`,
  );
  console.log("query        cenote first   cenote median   polars median   ratio");
  for (const name of names) {
    const [mine, theirs]: [number[], number[]] = [[], []];
    const [, cold] = await timed(() => queryOf(name, flights).toArrow());
    for (let run = 0; run < runs; run++) {
      const [result, ms] = await timed(() => queryOf(name, flights).toArrow());
      mine.push(ms);
      peer.stdin.write(`${name}\n`);
      const reply = await answer();
      theirs.push(reply.ms);
      assert.deepEqual(check(result), reply.check, `${name}: the answers differ`);
    }
    const [a, b] = [median(mine), median(theirs)];
    console.log(
      `${name.padEnd(12)} ${cold.toFixed(1).padStart(9)} ms ${a.toFixed(1).padStart(12)} ms ${b.toFixed(1).padStart(12)} ms ${(a / b).toFixed(2).padStart(6)} ×`,
    );
  }
  flights.dispose();
} finally {
  peer.stdin.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
