// Both sides by turns, each until the GPU is done: medians of the time on the wall, and of the processor's (which on a
// software adapter is the GPU's too, and says more where other programs run). What both computed is compared.
import assert from "node:assert/strict";
import type { GpuTensor } from "../../kernel/src/compute/index.ts";
import type { Gpu } from "../../kernel/src/gpu/index.ts";
import type { Tf } from "./operations.ts";

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

export interface Sides {
  readonly gpu: Gpu;
  readonly tf: Tf;
}

/** Milliseconds, or their ratios. */
export interface Times {
  readonly wall: number;
  readonly processor: number;
}

export async function timed(body: () => Promise<void>): Promise<Times> {
  const [begin, used] = [performance.now(), process.cpuUsage()];
  await body();
  const { user, system } = process.cpuUsage(used);
  return { wall: performance.now() - begin, processor: (user + system) / 1000 };
}

export const medians = (of: readonly Times[]): Times => ({
  wall: median(of.map(({ wall }) => wall)),
  processor: median(of.map(({ processor }) => processor)),
});

/** Waits until all that TF.js has recorded is done. */
export async function tfDone({ gpu, tf }: Sides): Promise<void> {
  const backend = tf.backend();
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await gpu.device.queue.onSubmittedWorkDone();
}

/** Compares up to a thousand elements from the beginning and as many from the end. */
async function compare(name: string, mine: GpuTensor, theirs: Tf, near: number): Promise<void> {
  const [a, b] = [await mine.read(), await theirs.data()];
  assert.equal(a.length, b.length, `${name}: sizes`);
  for (let i = 0; i < a.length; i++) {
    if (i === 1000) i = Math.max(i, a.length - 1000);
    const [x, y] = [Number(a[i]), Number(b[i])];
    const same =
      x === y ||
      (Number.isNaN(x) && Number.isNaN(y)) ||
      Math.abs(x - y) <= near * Math.max(1, Math.abs(y));
    assert.ok(same, `${name}: element ${i}: cenote ${x}, TF.js ${y}`);
  }
}

/** What `make` computes, when it is there: what the host made itself is there at once. */
export async function done<T>(gpu: Gpu, make: () => T): Promise<T> {
  const before = gpu.counts.dispatches;
  const made = make();
  if (gpu.counts.dispatches > before) await gpu.finish();
  return made;
}

/** Medians of each side, after a run of both that is compared. */
export async function against(
  sides: Sides,
  {
    name,
    ours,
    theirs,
    near = 1e-5,
  }: { name: string; ours: () => GpuTensor; theirs: () => Tf; near?: number },
  runs: number,
): Promise<[ours: Times, theirs: Times]> {
  const { gpu } = sides;
  const [first, other] = [ours().compute(), theirs()];
  await compare(name, first, other, near);
  first.dispose();
  other.dispose();
  const [mine, its]: [Times[], Times[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    let made: { dispose(): void } | undefined;
    mine.push(
      await timed(async () => {
        made = await done(gpu, () => ours().compute());
      }),
    );
    made!.dispose();
    its.push(
      await timed(async () => {
        made = theirs();
        await tfDone(sides);
      }),
    );
    made!.dispose();
  }
  return [medians(mine), medians(its)];
}
