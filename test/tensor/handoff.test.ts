// Tensors to and from tables, and through the exchange: what Python puts and gets is the same.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import {
  GpuTensor,
  get,
  matrix,
  put,
  sparse,
  tensor,
  gpu as upload,
} from "../../kernel/src/api/index.ts";
import { DISPLAY } from "../../kernel/src/base/index.ts";
import { col, tableToGpu, tableToTensor } from "../../kernel/src/compute/index.ts";
import { exchangeStats } from "../../kernel/src/exchange/index.ts";
import { Remote, useRuntimeFolder } from "../exchange/processes.ts";
import { gpu, scoped } from "../gpu/open.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
after(async () => {
  await python.end();
  folder.remove();
});

test("a table's numbers as a matrix, null as NaN, and back", () =>
  scoped(async () => {
    const table = new arrow.Table({
      a: arrow.vectorFromArray([1, null, 3, 4], new arrow.Int16()),
      b: arrow.vectorFromArray([0.5, 1.5, null, 2.5], new arrow.Float64()),
      c: arrow.vectorFromArray([true, false, null, true], new arrow.Bool()),
    });
    const found = await matrix(table);
    const wanted = [1, 0.5, 1, Number.NaN, 1.5, 0, 3, Number.NaN, Number.NaN, 4, 2.5, 1];
    assert.deepEqual([found.shape, Array.from(await found.read())], [[4, 3], wanted]);
    using rows = await upload(table);
    const some = await matrix(rows.filter(col("a").gt(2)), ["b", "a"]);
    assert.deepEqual(Array.from(await some.read()), [Number.NaN, 3, 2.5, 4]);
    using back = found.toTable(["x", "y", "z"]);
    assert.deepEqual(back.types, { x: "float32", y: "float32", z: "float32" });
    const read = await back.filter(col("x").gt(2)).toArrow();
    assert.deepEqual(Array.from(read.getChild("y")!.toArray() as Float32Array), [Number.NaN, 2.5]);
    assert.throws(() => found.toTable(["x"]), { code: "SHAPE" });
  }));

test("a table in several chunks is one matrix", () =>
  scoped(async () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i);
    const table = new arrow.Table({
      a: arrow.makeVector(values),
      b: arrow.makeVector(values.map((x) => -x)),
    });
    using chunks = await tableToGpu(gpu, table, { chunkRows: 96 });
    const found = await (await tableToTensor(chunks)).read();
    assert.ok(
      values.every((value, i) => found[2 * i] === value && Number(found[2 * i + 1]) === -value),
    );
  }));

test("put into shared memory with the one copy, and got again", async () => {
  for (const [dtype, numpy] of [
    ["f32", "float32"],
    ["f16", "float16"],
    ["u8", "uint8"],
    ["i4", "int8"],
    ["bool", "uint8"],
  ] as const) {
    using x = await tensor(
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
      { dtype },
    );
    using view = x.T;
    const before = await exchangeStats();
    await put("tens", view);
    const moved = await exchangeStats();
    assert.equal(moved.puts, before.puts + 1);
    assert.equal(moved.bytesPut, before.bytesPut); // filled in place by the read-back, which is the one copy
    assert.equal(
      await python.run(
        `t = cenote.get("tens", as_="numpy"); answer = f"{t.shape} {t.dtype} {int(t.sum())}"`,
      ),
      `(3, 2) ${numpy} ${dtype === "bool" ? 5 : 15}`,
    );
    const again = await get("tens", { as: "tensor" });
    using back = await tensor(again);
    assert.deepEqual(Array.from(await back.read()), Array.from(await view.read()));
  }
});

test("what Python puts: a tensor in another order, and a sparse matrix", async () => {
  await python.run(
    'import numpy as np; cenote.put("np", np.arange(6, dtype="float32").reshape(2, 3))',
  );
  using x = await tensor(await get("np", { as: "tensor" }));
  assert.deepEqual(
    [x.shape, Array.from(await x.read())],
    [
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
  );
  await python.run(
    'from scipy import sparse; cenote.put("sp", sparse.csr_array(np.array([[0, 2.0], [3, 0]], dtype="float32")))',
  );
  using s = await sparse(await get("sp", { as: "sparse" }));
  using dense = s.toDense();
  assert.deepEqual(Array.from(await dense.read()), [0, 2, 3, 0]);
  await put(
    "back",
    s.map((values) => values.mul(10)),
  );
  assert.equal(
    await python.run('answer = str(cenote.get("back", as_="scipy").toarray().tolist())'),
    "[[0.0, 20.0], [30.0, 0.0]]",
  );
  assert.ok(x instanceof GpuTensor);
});

test("a tensor shows its shape, dtype, bytes and the ends of its axes", async () => {
  using x = await tensor(
    Float32Array.from({ length: 20 }, (_, i) => i / 4),
    { shape: [2, 10] },
  );
  const shown = (await x[DISPLAY]())["text/plain"];
  assert.equal(
    shown,
    "f32[2, 10] (80 B)\n[[   0, 0.25,  0.5, …, 1.75,    2, 2.25],\n [ 2.5, 2.75,    3, …, 4.25,  4.5, 4.75]]",
  );
});
