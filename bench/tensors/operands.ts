// The operands of the benches, the same numbers for us and for TF.js.
import { createTensor, type GpuTensor, RandomStream } from "../../kernel/src/compute/index.ts";
import type { Sides } from "./measure.ts";
import type { Operands, Tf } from "./operations.ts";

/** The same numbers on both sides. */
export async function both(
  { gpu, tf }: Sides,
  shape: number[],
  seed: number,
): Promise<[GpuTensor, Tf]> {
  const made = new RandomStream(() => gpu, seed).uniform(shape, 0.05, 2).compute();
  return [made, tf.tensor(await made.read(), shape, "float32")];
}

/** What operations of so many elements are given. */
export async function operands(
  sides: Sides,
  size: number,
): Promise<[Operands<GpuTensor>, Operands<Tf>]> {
  const { gpu, tf } = sides;
  const [[x, tx], [y, ty]] = [await both(sides, [size], 1), await both(sides, [size], 2)];
  const [[filter, tfilter], [depthwise, tdepthwise]] = [
    await both(sides, [3, 3, 16, 16], 3),
    await both(sides, [3, 3, 16, 1], 4),
  ];
  const index = Int32Array.from({ length: size }, (_, i) => (i * 7919) % size);
  const group = Int32Array.from({ length: size / 8 }, (_, i) => (i * 31) % 64);
  const [z, groups] = [await createTensor(gpu, index), await createTensor(gpu, group)];
  const [places, updates] = [z, y].map((one) => one.slice([0, size / 4]).copy());
  const side = Math.sqrt(size / 16);
  const [wide, eight, image] = [
    [size / 1024, 1024],
    [size / 8, 8],
    [1, side, side, 16],
  ];
  const square = [size / 1024, 32, 32];
  return [
    {
      x,
      y,
      z,
      m: x.gt(1).compute(),
      other: y.gt(1).compute(),
      rows: x.reshape(wide!),
      eights: x.reshape(eight!),
      squares: x.reshape(square),
      factors: y.reshape(square),
      image: x.reshape(image!),
      filter,
      depthwise,
      places: places!,
      updates: updates!,
      groups,
    },
    {
      x: tx,
      y: ty,
      z: tf.tensor(index, [size], "int32"),
      m: tf.greater(tx, 1),
      other: tf.greater(ty, 1),
      rows: tf.reshape(tx, wide),
      eights: tf.reshape(tx, eight),
      squares: tf.reshape(tx, square),
      factors: tf.reshape(ty, square),
      image: tf.reshape(tx, image),
      filter: tfilter,
      depthwise: tdepthwise,
      places: tf.tensor(index.slice(0, size / 4), [size / 4], "int32"),
      updates: tf.slice(ty, [0], [size / 4]),
      groups: tf.tensor(group, [size / 8], "int32"),
    },
  ];
}
