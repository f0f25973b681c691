// Casts against NumPy, and half floats, of which all are tried.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor } from "../../kernel/src/compute/index.ts";
import { gpu } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

test("casts: towards zero, held within bounds from floats, wrapped from integers", () =>
  onBoth(async () => {
    const random = new RandomTensors(9);
    const floats = await random.tensor("f32", [500], { scale: 400 });
    const clean = "np.nan_to_num(x, nan=0, posinf=1e30, neginf=-1e30)";
    for (const [dtype, low, high] of [
      ["i32", -(2 ** 31), 2 ** 31 - 1],
      ["u32", 0, 2 ** 32 - 1],
      ["i8", -128, 127],
      ["u8", 0, 255],
      ["i4", -8, 7],
    ] as const) {
      const wanted = await numpy(`np.trunc(np.clip(${clean}.astype("float64"), ${low}, ${high}))`, {
        x: floats.host,
      });
      await judge(floats.tensor.cast(dtype), wanted, {}, dtype);
    }
    await judge(
      floats.tensor.cast("f16"),
      await numpy('x.astype("float16")', { x: floats.host }),
      {},
      "f16",
    );
    await judge(
      floats.tensor.cast("bool"),
      await numpy("x.astype(bool)", { x: floats.host }),
      {},
      "bool",
    );
    const whole = await random.tensor("i32", [500], { special: 0.5 });
    for (const dtype of ["i8", "u8", "u32", "f32"] as const) {
      const name = { i8: "int8", u8: "uint8", u32: "uint32", f32: "float32" }[dtype];
      await judge(
        whole.tensor.cast(dtype),
        await numpy(`x.astype("${name}")`, { x: whole.host }),
        {},
        dtype,
      );
    }
    await judge(
      whole.tensor.cast("i4"),
      await numpy("((x + 8) & 15) - 8", { x: whole.host }),
      {},
      "i4",
    );
  }));

test("every half float survives the pool, and every f32 between two of them rounds to even", () =>
  onBoth(async () => {
    const all = new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
    const halves = await createTensor(gpu, all);
    const wide = await halves.cast("f32").read();
    for (const [i, value] of all.entries())
      assert.ok(Object.is(wide[i], value) || Number.isNaN(value), `half ${i}`);
    const between = Float32Array.from({ length: 131072 }, (_, i) => {
      const half = all[i >> 1]!;
      return Number.isFinite(half) ? half * (1 + ((i & 1) * 2 - 1) * 2 ** -12) : half;
    });
    const back = await (await createTensor(gpu, between)).cast("f16").read();
    const wanted = Float16Array.from(between);
    for (const [i, value] of wanted.entries()) {
      assert.ok(
        Object.is(back[i], value) || (Number.isNaN(value) && Number.isNaN(back[i])),
        `${between[i]}: wanted ${value}, found ${back[i]}`,
      );
    }
  }));
