// One small addition: on the device, where its operands lie, and from numbers of the host to numbers of the host.
import { createTensor, RandomStream } from "../../kernel/src/compute/index.ts";
import { median, type Sides, tfDone } from "./measure.ts";

type Found = Record<string, number[]>;

function note(found: Found, name: string, begin: number, count: number): void {
  const list = (found[name] ??= []);
  list.push(((performance.now() - begin) / count) * 1000);
}

function table(title: string, [ours, theirs]: readonly [Found, Found]): void {
  console.log(`\n${title}, µs: median (least)`);
  const text = (list: number[]) => `${median(list).toFixed(0)} (${Math.min(...list).toFixed(0)})`;
  for (const name of Object.keys(ours)) {
    const [a, b] = [ours[name]!, theirs[name]!];
    console.log(
      `${name.padEnd(34)} cenote ${text(a).padEnd(12)} TF.js ${text(b).padEnd(12)} cenote ÷ TF.js ${(median(a) / median(b)).toFixed(2)}`,
    );
  }
}

/** What the host takes to record it, and to the end when each, or only the last, is waited for. */
export async function smallOnDevice(sides: Sides): Promise<void> {
  const { gpu, tf } = sides;
  const numbers = (seed: number) => new RandomStream(() => gpu, seed).uniform([1024]).compute();
  const [x, y] = [numbers(11), numbers(12)];
  const [tx, ty] = [tf.tensor(await x.read()), tf.tensor(await y.read())];
  const ends = [
    [() => x.add(y).compute().dispose(), () => gpu.finish()],
    [() => tf.add(tx, ty).dispose(), () => tfDone(sides)],
  ] as const;
  const found: [Found, Found] = [{}, {}];
  for (let run = 0; run < 40; run++) {
    for (const [side, [step, end]] of ends.entries()) {
      const of = found[side]!;
      let begin = performance.now();
      for (let i = 0; i < 100; i++) step();
      note(of, "recorded by the host", begin, 100);
      await end();
      note(of, "one of 100, waited for together", begin, 100);
      for (let i = 0; i < 20; i++) {
        begin = performance.now();
        step();
        await end();
        note(of, "waited for each", begin, 1);
      }
    }
  }
  table("a small addition on the device, 1,024 elements", found);
  for (const one of [x, y, tx, ty]) one.dispose();
}

/** Two arrays of the host made into tensors, added, and read. */
export async function smallOnHost({ gpu, tf }: Sides, size: number): Promise<void> {
  const [a, b] = [1, 2].map((k) => Float32Array.from({ length: size }, (_, i) => i * k + 1)) as [
    Float32Array,
    Float32Array,
  ];
  const ours = async () => {
    using x = await createTensor(gpu, a);
    using y = await createTensor(gpu, b);
    using sum = x.add(y);
    return await sum.read();
  };
  const theirs = async () => {
    const [x, y] = [tf.tensor(a), tf.tensor(b)];
    const sum = tf.add(x, y);
    const read = await sum.data();
    for (const one of [x, y, sum]) one.dispose();
    return read;
  };
  const found: [Found, Found] = [{}, {}];
  for (let run = 0; run < 2000; run++) {
    for (const [side, step] of [ours, theirs].entries()) {
      const begin = performance.now();
      const read = await step();
      note(found[side]!, "made, added and read", begin, 1);
      if (read[size - 1] !== a[size - 1]! + b[size - 1]!) throw new Error("a wrong sum");
    }
  }
  table(`a small addition of numbers on the host, ${size.toLocaleString("en")} elements`, found);
}
