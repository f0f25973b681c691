// Elements by value and by several indices, and sums by Einstein's notation, against NumPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor, einsum, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { type HostTensor, judge, numpy } from "./oracle.ts";
import { type Given, RandomTensors } from "./random.ts";

const numbers = async (x: GpuTensor) => Array.from(await x.read(), Number);

const turned = (x: GpuTensor) => x.transpose();

async function indices(data: Int32Array, shape: number[]): Promise<Given> {
  const host: HostTensor = { shape, dtype: "int32", data };
  return { host, tensor: await createTensor(gpu, data, { shape }) };
}

test("gathering and scattering by several indices, beyond the axes too", () =>
  scoped(async () => {
    const random = new RandomTensors(61);
    for (const [shape, depth] of [
      [[5], 1],
      [[4, 3, 5], 2],
      [[3, 4, 2], 3],
    ] as const) {
      const x = await random.tensor("f32", shape, { special: 0 });
      const count = 14;
      const at = Int32Array.from({ length: count * depth }, (_, i) => {
        const size = shape[i % depth]!;
        return random.below(3 * size) - Math.floor(1.5 * size);
      });
      const i = await indices(at, [2, count / 2, depth]);
      const sizes = shape.slice(0, depth);
      const inside = `(${sizes.map((size, k) => `(i[..., ${k}] >= -${size}) & (i[..., ${k}] < ${size})`).join(" & ")})`;
      const safe = `tuple(np.where(${inside}, i[..., k], 0) for k in range(${depth}))`;
      const wide = `${inside}.reshape(2, ${count / 2}, ${shape
        .slice(depth)
        .map(() => "1,")
        .join("")})`;
      await judge(
        x.tensor.gatherND(i.tensor),
        await numpy(`np.where(${wide}, x[${safe}], np.nan)`, { x: x.host, i: i.host }),
        {},
        `gatherND [${shape}] by ${depth}`,
      );
      const updates = await random.tensor("f32", [2, count / 2, ...shape.slice(depth)], {
        special: 0,
      });
      const steps = (what: string) =>
        `(lambda x: ([x.__setitem__(tuple(a), ${what}) for a, b in zip(i.reshape(-1, ${depth}).tolist(), u.reshape(${count}, ${shape
          .slice(depth)
          .map((size) => `${size},`)
          .join(
            "",
          )})) if all(-s <= k < s for k, s in zip(a, ${JSON.stringify(sizes)}))], x)[1])(x.copy())`;
      const given = { x: x.host, i: i.host, u: updates.host };
      await judge(
        x.tensor.scatterND(i.tensor, updates.tensor),
        await numpy(steps("b"), given),
        {},
        "scatterND",
      );
      await judge(
        x.tensor.scatterAddND(i.tensor, updates.tensor),
        await numpy(steps("x[tuple(a)] + b"), given),
        { absolute: 1e-5 },
        "scatterAddND",
      );
    }
  }));

test("sums of segments, counts of numbers, and what is among the greatest", () =>
  scoped(async () => {
    const random = new RandomTensors(62);
    const x = await random.tensor("f32", [40, 3], { special: 0 });
    const ids = await indices(
      Int32Array.from({ length: 40 }, () => random.below(9)),
      [40],
    );
    const given = { x: x.host, i: ids.host };
    await judge(
      x.tensor.segmentSum(ids.tensor, 7),
      await numpy("np.stack([x[i == k].sum(0) for k in range(7)])", given),
      { absolute: 1e-5 },
      "segmentSum",
    );
    await judge(
      ids.tensor.bincount(7),
      await numpy("np.bincount(i, minlength=9)[:7]", given),
      {},
      "bincount",
    );
    await judge(
      ids.tensor.bincount(12, x.tensor.slice(null, 1)),
      await numpy("np.bincount(i, x[:, 1], 12)", given),
      { absolute: 1e-5 },
      "weighted",
    );
    const signs = await createTensor(gpu, Int32Array.of(-1, 0, 2, 0, 5));
    assert.deepEqual(await numbers(signs.bincount(3)), [2, 0, 1]);
    const targets = await indices(
      Int32Array.from({ length: 40 }, () => random.below(3)),
      [40],
    );
    await judge(
      x.tensor.inTopK(targets.tensor, 2),
      await numpy("(x > np.take_along_axis(x, t[:, None].astype('int64'), 1)).sum(1) < 2", {
        x: x.host,
        t: targets.host,
      }),
      {},
      "inTopK",
    );
    assert.throws(() => x.tensor.segmentSum(targets.tensor.slice([0, 3]), 4), { code: "SHAPE" });
  }));

test("where numbers would stand in sorted rows", () =>
  scoped(async () => {
    const random = new RandomTensors(63);
    for (const dtype of ["f32", "i32", "u8"] as const) {
      const [x, v] = [
        await random.tensor(dtype, [50], { special: 0.1, scale: 2 }),
        await random.tensor(dtype, [3, 17], { special: 0.1, scale: 2 }),
      ];
      const sorted = x.tensor.sort();
      for (const side of ["left", "right"] as const) {
        await judge(
          sorted.searchSorted(v.tensor, { side }),
          await numpy(`np.searchsorted(np.sort(x), v, '${side}')`, { x: x.host, v: v.host }),
          {},
          `${dtype} ${side}`,
        );
      }
    }
    const [rows, v] = [
      await random.tensor("f32", [2, 3, 20], { special: 0 }),
      await random.tensor("f32", [2, 3, 5], { special: 0 }),
    ];
    await judge(
      rows.tensor.sort().searchSorted(v.tensor),
      await numpy("(np.sort(x)[..., None, :] < v[..., None]).sum(-1)", { x: rows.host, v: v.host }),
      {},
      "rows",
    );
    const steps = await createTensor(gpu, [1, 2, 2, 3]);
    assert.deepEqual(await numbers(steps.searchSorted(2, { side: "right" })), [3]);
    assert.throws(() => rows.tensor.searchSorted(steps), { code: "SHAPE" });
  }));

test("what is unique, not 0, or chosen by a mask", () =>
  scoped(async () => {
    const random = new RandomTensors(64);
    const cases = [
      await random.tensor("f32", [6, 7], { special: 0.5 }),
      await random.tensor("i32", [60], { special: 0 }),
      await random.tensor("bool", [3, 4]),
      await random.tensor("i8", [3, 0]),
      await random.tensor("f32", [1]),
    ];
    for (const { host, tensor } of cases) {
      const found = await tensor.unique();
      const given = { x: host };
      for (const [k, name] of (["values", "inverse", "counts"] as const).entries()) {
        const wanted = await numpy(
          `np.unique(x, return_inverse=True, return_counts=True)[${k}].reshape(-1)`,
          given,
        );
        await judge(found[name], wanted, {}, `unique ${name} [${host.shape}]`);
      }
      await judge(await tensor.nonZero(), await numpy("np.argwhere(x)", given), {}, "nonZero");
      await judge(
        await turned(tensor).select(turned(tensor).ne(0)),
        await numpy("x.T[x.T != 0]", given),
        {},
        "select",
      );
    }
    const [x, mask] = [
      await random.tensor("f32", [5, 4]),
      await createTensor(gpu, [true, false, true, true, false]),
    ];
    await judge(
      await x.tensor.select(mask),
      await numpy("x[[0, 2, 3]]", { x: x.host }),
      {},
      "rows",
    );
    await assert.rejects(mask.select(x.tensor), { code: "SHAPE" });
  }));

test("sums by Einstein's notation", () =>
  scoped(async () => {
    const random = new RandomTensors(65);
    const made = async (shape: number[]) => random.tensor("f32", shape, { special: 0, scale: 1 });
    for (const [notation, ...shapes] of [
      ["ij,jk->ik", [3, 4], [4, 5]],
      ["ij,jk", [3, 4], [4, 5]],
      ["bij,bkj->bik", [2, 3, 4], [2, 5, 4]],
      ["i,j->ij", [3], [4]],
      ["i,i->", [6], [6]],
      ["ii->i", [4, 4]],
      ["ii", [4, 4]],
      ["iji->j", [3, 4, 3]],
      ["ij->ji", [3, 4]],
      ["ijk->j", [2, 3, 4]],
      ["ab,bc,cd->ad", [2, 3], [3, 4], [4, 5]],
      ["ijkl,mlk->imj", [2, 3, 4, 5], [6, 5, 4]],
      ["ij,ij,i->j", [3, 4], [3, 4], [3]],
      ["ij,k->", [3, 4], [2]],
      [" bhqd , bhkd -> bhqk ", [2, 2, 3, 4], [2, 2, 5, 4]],
      ["ij,jk->ik", [3, 0], [0, 2]],
    ] as [string, ...number[][]][]) {
      const given = await Promise.all(shapes.map(made));
      const hosts = Object.fromEntries(given.map(({ host }, i) => [`x${i}`, host]));
      const wide = given.map((_, i) => `x${i}.astype('float64')`).join(", ");
      const tensors = given.map(({ tensor }) => tensor);
      await judge(
        einsum(notation, ...tensors),
        await numpy(`np.einsum('${notation}', ${wide})`, hosts),
        { relative: 1e-5, absolute: 1e-5 },
        notation,
      );
    }
    const { tensor } = await made([2, 3]);
    for (const wrong of ["ij,jk->ik", "ij->ik", "ij->ii", "i->i", "i.->i", "ij->j->i"]) {
      assert.throws(() => einsum(wrong, tensor), { code: /NOTATION|SHAPE/ }, wrong);
    }
    assert.throws(() => einsum("ij,ij->ij", tensor, tensor.T), {
      code: "SHAPE",
      message: /size 2 for i .* found 3 in operand 1/,
    });
  }));
