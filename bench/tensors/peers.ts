// Cenote beside TF.js, jax-js and onnxruntime-web: products of matrices, a chain, a sum, softmax and a small addition,
// all four by turns on one device. Everyone has the same numbers, results are compared with ours, and inputs and
// results of all stay on the device.
import assert from "node:assert/strict";
import { RandomStream } from "../../kernel/src/compute/index.ts";
import { countOutside } from "../../kernel/src/gpu/index.ts";
import { type Jax, loadJaxOn, loadOrtOn, type OrtLibrary } from "./libraries.ts";
import { done, medians, type Sides, type Times, tfDone, timed } from "./measure.ts";
import { RACES, type Race, type Theirs } from "./races.ts";

interface Runner {
  readonly name: string;
  /** Runs it until the device is done; gives its result's end, and its first elements where they are asked for. */
  run(): Promise<Result>;
  end(): void;
}

interface Result {
  read(): Promise<ArrayLike<number>>;
  end(): void;
}

interface Libraries extends Sides {
  readonly jax: Jax;
  readonly ort: OrtLibrary;
}

/** All four with their operands on the device. */
async function runners(libraries: Libraries, race: Race): Promise<Runner[]> {
  const {
    gpu,
    tf,
    jax: { jax },
    ort,
  } = libraries;
  const { shapes } = race;
  const mine = shapes.map((shape, i) =>
    new RandomStream(() => gpu, i + 20).uniform(shape, 0.05, 2).compute(),
  );
  const data = (await Promise.all(mine.map((one) => one.read()))) as Float32Array[];
  const waited = () => gpu.device.queue.onSubmittedWorkDone();
  const its = shapes.map((shape, i) => tf.tensor(data[i], shape, "float32"));
  const arrays = shapes.map((shape, i) => jax.numpy.array(data[i]).reshape(shape));
  const compiled = jax.jit((...of: Theirs) => race.jax(jax.numpy, jax, ...of));
  const inputs = Object.fromEntries(shapes.map(({ length }, i) => [`x${i}`, length]));
  const session = await ort.session({ ...race.onnx, inputs });
  const buffers = shapes.map((shape, i) => onDevice(libraries, data[i]!, shape));
  const feeds = Object.fromEntries(buffers.map(({ tensor }, i) => [`x${i}`, tensor]));
  return [
    {
      name: "cenote",
      run: async () => {
        const made = await done(gpu, () => race.ours(...mine).compute());
        return { read: () => made.read(), end: () => made.dispose() };
      },
      end: () =>
        mine.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "TF.js",
      run: async () => {
        const made = race.tf(tf, ...its);
        await tfDone(libraries);
        return { read: () => made.data(), end: () => made.dispose() };
      },
      end: () =>
        its.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "jax-js",
      run: async () => {
        const made = compiled(...arrays.map((one) => one.ref));
        await jax.blockUntilReady(made);
        await waited();
        return { read: () => made.ref.data(), end: () => made.dispose() };
      },
      end: () =>
        arrays.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "onnxruntime-web",
      run: async () => {
        const made = await session.run(feeds);
        await waited();
        return { read: () => made.getData(), end: () => made.dispose() };
      },
      end: () =>
        buffers.forEach(({ buffer }) => {
          buffer.destroy();
        }),
    },
  ];
}

/** An input of onnxruntime-web's that lies on the device. */
function onDevice(
  { gpu: { device }, ort: { ort } }: Libraries,
  data: Float32Array,
  dims: number[],
) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size: data.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, data.slice());
  return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims }) };
}

function mustAgree(
  name: string,
  who: string,
  found: ArrayLike<number>,
  ours: ArrayLike<number>,
  near: number,
) {
  assert.equal(found.length, ours.length, `${name}: sizes of ${who}`);
  for (let i = 0; i < ours.length; i++) {
    const apart = Math.abs(found[i]! - ours[i]!);
    const fits = apart <= near * Math.max(1, Math.abs(ours[i]!));
    assert.ok(fits, `${name}: element ${i}: cenote ${ours[i]}, ${who} ${found[i]}`);
  }
}

async function raced(libraries: Libraries, race: Race, runs: number): Promise<[string, Times][]> {
  const all = await runners(libraries, race);
  const times = all.map((): Times[] => []);
  let ours: ArrayLike<number> = [];
  for (const [i, { name, run }] of all.entries()) {
    const result = await run();
    const found = await result.read();
    if (i === 0) ours = found;
    mustAgree(race.name, name, found, ours, race.near);
    result.end();
  }
  for (let turn = 0; turn < runs; turn++) {
    for (const [i, { run }] of all.entries()) {
      let result: Result | undefined;
      const took = await timed(async () => {
        result = await run();
      });
      result!.end();
      times[i]!.push(took);
    }
  }
  for (const one of all) one.end();
  return all.map(({ name }, i) => [name, medians(times[i]!)]);
}

/** Prints a row for each race, or for those whose names begin so: medians, and the quickest peer's time divided by ours. */
export async function againstAll(
  sides: Sides,
  size: number,
  products: readonly number[],
  runs: number,
  only: readonly string[],
) {
  const device = countOutside(sides.gpu.device);
  const libraries = { ...sides, jax: await loadJaxOn(device), ort: await loadOrtOn(device) };
  console.log(
    `\nbeside jax-js ${libraries.jax.version} and onnxruntime-web ${libraries.ort.version}; ${size.toLocaleString("en")} elements; wall (processor) in ms, and the quickest peer ÷ cenote`,
  );
  const races = RACES(size, products).filter(
    ({ name }) => only.length === 0 || only.some((one) => name.startsWith(one)),
  );
  for (const race of races) {
    const times = await raced(libraries, race, race.name.startsWith("small") ? runs * 20 : runs);
    const best = (kind: keyof Times) =>
      Math.min(...times.slice(1).map(([, took]) => took[kind])) / times[0]![1][kind];
    const cells = times.map(([name, { wall, processor }]) =>
      `${name} ${wall.toFixed(2)} (${processor.toFixed(2)})`.padEnd(28),
    );
    console.log(
      `${race.name.padEnd(28)} ${cells.join("")} ${best("wall").toFixed(2)} × (${best("processor").toFixed(2)} ×)`,
    );
  }
}
