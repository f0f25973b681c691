// Two tables, filters, group-bys and figures on the GPU against Polars, turn by turn in one run, both with the
// tables in their memory already: flights, 3 million rows, and sales, 2 million with keys in no order. Prints medians
// of the time on the wall and of the processor's (which on a software adapter is the GPU's too, and says more where
// other programs run), their ratios, and the bytes that bound each query beside what a copy moves.
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
import { type Gpu, openGpu } from "../kernel/src/gpu/index.ts";
import { medians, type Times } from "./tensors/measure.ts";

const runs = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), "cenote-bench-"));
const peer = spawn("python", [fileURLToPath(new URL("compute-peer.py", import.meta.url)), folder], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse(String((await lines.next()).value));

async function timed<T>(body: () => Promise<T>): Promise<[T, Times]> {
  const [begin, used] = [performance.now(), process.cpuUsage()];
  const value = await body();
  const { user, system } = process.cpuUsage(used);
  return [value, { wall: performance.now() - begin, processor: (user + system) / 1000 }];
}

const figures = { n: count(), total: sum("delay"), lo: min("distance"), hi: max("distance") };
const sold = { n: count(), total: sum("units"), lo: min("units"), hi: max("units") };
const priced = { n: count("price"), total: sum("price") };

interface Question {
  readonly table: "flights" | "sales";
  readonly query: (table: GpuTable) => GpuTable;
  /** Bytes of each row that are read: all 8 B of 64 bits, as they share lines of the cache; of a text its code. */
  readonly bytes: number;
}

const late = (flights: GpuTable) => flights.filter(col("delay").gt(15));
const QUESTIONS: Record<string, Question> = {
  "by hour": {
    table: "flights",
    query: (t) =>
      late(t)
        .groupBy({ hour: col("date").hour() })
        .agg(figures),
    bytes: 8 + 8 + 8,
  },
  "by origin": {
    table: "flights",
    query: (t) => late(t).groupBy("origin").agg(figures),
    bytes: 8 + 4 + 8,
  },
  "by route": {
    table: "flights",
    query: (t) => t.groupBy("origin", "destination").agg(figures),
    bytes: 4 + 4 + 8 + 8,
  },
  "all rows": { table: "flights", query: (t) => t.agg(figures), bytes: 8 },
  "by name": { table: "sales", query: (t) => t.groupBy("name").agg(sold), bytes: 4 + 4 },
  "by key": { table: "sales", query: (t) => t.groupBy("key").agg(sold), bytes: 4 + 4 },
  "price by store": {
    table: "sales",
    query: (t) => t.groupBy("store").agg(priced),
    bytes: 4 + 8 + 1 / 8,
  },
};

/** Bytes a millisecond that a copy within the device reads and writes, median. */
async function copied(gpu: Gpu): Promise<number> {
  const bytes = 64 * 2 ** 20;
  const [from, to] = [await gpu.allocateAsync(bytes), await gpu.allocateAsync(bytes)];
  const times: Times[] = [];
  for (let run = 0; run < 9; run++) {
    const [, ms] = await timed(() => {
      gpu.copy({ block: from }, { block: to });
      return gpu.finish();
    });
    times.push(ms);
  }
  from.dispose();
  to.dispose();
  return (2 * bytes) / medians(times).wall;
}

/** Groups, rows and the sum of a column: what both sides must agree on. */
function check(table: Table, theirs: readonly [number, number, number], name: string): void {
  const total = (column: string) =>
    [...table.getChild(column)!].reduce((a: number, b) => a + Number(b), 0);
  const mine = [table.numRows, total("n"), total("total")];
  // Only Polars rounds after each addition of a float.
  const near = theirs.map((value, i) => Math.abs(value - mine[i]!) <= 1e-9 * Math.abs(value));
  assert.ok(!near.includes(false), `${name}: the answers differ: ${mine} and ${theirs}`);
}

const shown = (ms: number) => ms.toFixed(1).padStart(7);
const ratio = (a: number, b: number) => `${(a / b).toFixed(2).padStart(6)} ×`;

try {
  const names: string[] = await answer();
  const gpu = await openGpu();
  const { adapter } = gpu;
  console.log(
    `adapter: ${adapter.name}${adapter.software ? " — SOFTWARE: figures are of a processor" : ""}`,
  );
  const tables = new Map<string, GpuTable>();
  for (const name of ["flights", "sales"]) {
    const table = tableFromIPC(readFileSync(join(folder, `${name}.arrow`)));
    const before = gpu.counts.uploadBytes;
    const [uploaded, { wall }] = await timed(() => tableToGpu(gpu, table));
    tables.set(name, uploaded);
    const bytes = formatBytes(gpu.counts.uploadBytes - before);
    console.log(`${name}: ${table.numRows} rows, ${bytes}, upload ${wall.toFixed(0)} ms`);
  }
  const copy = await copied(gpu);
  console.log(`a copy within the device moves ${(copy / 1e6).toFixed(1)} GB/s`);
  console.log(
    "milliseconds       first   wall: cenote  polars   ratio   processor: cenote  polars   ratio   reads        GB/s  of a copy",
  );
  for (const name of names) {
    const { table, query, bytes } = QUESTIONS[name]!;
    const rows = tables.get(table)!;
    const [mine, theirs]: [Times[], Times[]] = [[], []];
    const [, cold] = await timed(() => query(rows).toArrow({ on: "gpu" }));
    // The second query by a text makes its codes.
    await query(rows).toArrow({ on: "gpu" });
    for (let run = 0; run < runs; run++) {
      const [result, times] = await timed(() => query(rows).toArrow({ on: "gpu" }));
      mine.push(times);
      peer.stdin.write(`${name}\n`);
      const reply = await answer();
      theirs.push(reply);
      check(result, reply.check, name);
    }
    const [a, b] = [medians(mine), medians(theirs)];
    const read = bytes * rows.rows!;
    const rate = read / a.wall;
    console.log(
      `${name.padEnd(14)} ${shown(cold.wall)}        ${shown(a.wall)} ${shown(b.wall)} ${ratio(a.wall, b.wall)}            ${shown(a.processor)} ${shown(b.processor)} ${ratio(a.processor, b.processor)}   ${formatBytes(read).padEnd(8)} ${(rate / 1e6).toFixed(1).padStart(7)} ${(100 * (rate / copy)).toFixed(0).padStart(8)} %`,
    );
  }
  for (const table of tables.values()) table.dispose();
} finally {
  peer.stdin.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
