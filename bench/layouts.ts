// Why tables are columns: the same 8 float32 fields of 2 million rows as columns, as an array of structures and
// as tiles of 64 records; summing one field of each row, and all of them. Turn by turn in one run; the ratios are
// to the columns' time, and every sum is checked.
//   npm run bench -- layouts [rows] [runs]
import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import { fromRecords, GpuRecords, tableToGpu } from "../kernel/src/compute/index.ts";
import { openGpu } from "../kernel/src/gpu/index.ts";
import type { Block } from "../kernel/src/pool/index.ts";

const rows = Number(process.argv[2] ?? 2_000_000);
const runs = Number(process.argv[3] ?? 9);
const FIELDS = 8;
const WORDS = FIELDS + 1; // a record's first word has its validity
const THREADS = 4096;
const TILE = 64;

const gpu = await openGpu();
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Each invocation sums the fields of rows that lie `stride` apart; `address` finds word `field` of `row`. */
function kernel(label: string, blocks: number, fields: number, address: (field: number) => string) {
  const bindings = Array.from(
    { length: blocks },
    (_, i) => `@group(0) @binding(${i}) var<storage, read_write> b${i}: array<u32>;`,
  );
  const terms = Array.from({ length: fields }, (_, field) => `bitcast<f32>(${address(field)})`);
  const code = `${bindings.join("\n")}
@group(0) @binding(${blocks}) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  ${gpu.adapter.software ? "let each = (p[0].x + p[0].y - 1u) / p[0].y; let end = min((id.x + 1u) * each, p[0].x);" : ""}
  for (var row = ${gpu.adapter.software ? "id.x * each; row < end; row++" : "id.x; row < p[0].x; row += p[0].y"}) {
    sum += ${terms.join(" + ")};
  }
  out[id.x] = sum;
}`;
  return gpu.pipeline({ label, code, bindings: blocks + 1, params: true });
}

const values = Array.from({ length: FIELDS }, (_, f) =>
  Float32Array.from({ length: rows }, (_, i) => (i + f) % 3),
);
const names = values.map((_, f) => `f${f}`);
using table = await tableToGpu(
  gpu,
  new arrow.Table(Object.fromEntries(names.map((name, f) => [name, arrow.makeVector(values[f]!)]))),
);
using aos = await table.toRecords();
using tiled = await table.toRecords({ tile: TILE });
{
  using back = await fromRecords(tiled);
  const found = (await back.toArrow()).getChild("f3")!.toArray() as Float32Array;
  assert.deepEqual(found.subarray(0, 1000), values[3]!.subarray(0, 1000));
}
const columns = [
  ...(table as unknown as Record<symbol, () => Iterable<Block>>)[Symbol.for("cenote.blocks")]!(),
];
const [records, tiles] = [aos, tiled].map((all) => {
  assert.ok(all instanceof GpuRecords);
  const { chunks } = all;
  assert.equal(chunks.length, 1, "fewer rows, please: the records take several blocks");
  return chunks[0]!.block;
}) as [Block, Block];

const layouts: [string, Block[], (field: number) => string][] = [
  ["columns (SoA)", columns, (field) => `b${field}[row]`],
  ["records (AoS)", [records], (field) => `b0[row * ${WORDS}u + ${field + 1}u]`],
  [
    `tiles of ${TILE} (AoSoA)`,
    [tiles],
    (field) => `b0[(row / ${TILE}u * ${WORDS}u + ${field + 1}u) * ${TILE}u + row % ${TILE}u]`,
  ],
];
const out = gpu.allocate(THREADS * 4, { tag: "bench" });

async function sum(
  pipeline: ReturnType<typeof kernel>,
  blocks: Block[],
): Promise<[number, number]> {
  await gpu.finish();
  const begin = performance.now();
  await gpu.dispatchAsync(pipeline, {
    bindings: [...blocks, out].map((block) => ({ block })),
    params: Uint32Array.of(rows, THREADS, 0, 0),
    workgroups: [THREADS / 64],
  });
  const [bytes] = await gpu.read([{ block: out }]);
  const ms = performance.now() - begin;
  return [
    new Float32Array(bytes!.buffer, bytes!.byteOffset, THREADS).reduce((a, b) => a + b, 0),
    ms,
  ];
}

console.log(
  `adapter: ${gpu.adapter.name}${gpu.adapter.software ? " — SOFTWARE: figures are of a processor" : ""}`,
);
console.log(
  `${rows} rows of ${FIELDS} float32; bytes: columns ${rows * FIELDS * 4}, records ${aos.bytes}, tiles ${tiled.bytes}`,
);
for (const fields of [1, FIELDS]) {
  const wanted = values
    .slice(0, fields)
    .reduce((all, one) => all + one.reduce((a, b) => a + b, 0), 0);
  const kernels = layouts.map(([label, blocks, address]) => {
    const used = label.startsWith("columns") ? blocks.slice(0, fields) : blocks;
    return {
      label,
      used,
      pipeline: kernel(`${label} ${fields}`, used.length, fields, address),
      times: [] as number[],
    };
  });
  for (let run = 0; run <= runs; run++) {
    for (const { pipeline, used, times } of kernels) {
      const [found, ms] = await sum(pipeline, used);
      assert.ok(Math.abs(found - wanted) < 1e-3 * wanted, `${found} is not ${wanted}`);
      if (run > 0) times.push(ms);
    }
  }
  const base = median(kernels[0]!.times);
  for (const { label, times } of kernels) {
    const ms = median(times);
    console.log(
      `${fields === 1 ? "one field " : "all fields"}  ${label.padEnd(20)} ${ms.toFixed(2).padStart(8)} ms  ${(ms / base).toFixed(2).padStart(6)} ×`,
    );
  }
}
out.dispose();
process.exit(0);
