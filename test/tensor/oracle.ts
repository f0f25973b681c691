// NumPy as the judge of tensors: a Python process that lives as long as the test file, and what is asked of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import type { GpuTensor } from "../../kernel/src/compute/index.ts";

export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: ArrayLike<number> & ArrayBufferView;
}

const child = spawn("python", [fileURLToPath(new URL("oracle.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
after(() => child.stdin.end());
let turn: Promise<unknown> = Promise.resolve();

export interface Answer {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: Float64Array;
}

/** What NumPy makes of an expression in which these arrays have names; values as doubles. */
export function numpy(python: string, arrays: Record<string, HostTensor> = {}): Promise<Answer> {
  const told = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, dtype, data }]) => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return [name, { shape, dtype, data: bytes.toString("base64") }];
    }),
  );
  const asked = turn.then(async () => {
    child.stdin.write(`${JSON.stringify({ python, arrays: told })}\n`);
    const reply = JSON.parse(String((await lines.next()).value));
    assert.equal(reply.error, undefined, `${python}: ${reply.error}`);
    const bytes = Buffer.from(reply.data, "base64");
    const values = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    );
    return { shape: reply.shape, dtype: reply.dtype, values };
  });
  turn = asked.catch(() => {});
  return asked;
}

export interface Tolerance {
  /** Allowed difference, relative to the wanted value. */
  relative?: number;
  /** Allowed beside that. */
  absolute?: number;
}

/** Fails unless the tensor has that shape and those values; NaN is NaN, infinity is infinity. */
export async function judge(
  found: GpuTensor,
  wanted: Answer,
  { relative = 0, absolute = 0 }: Tolerance,
  what: string,
): Promise<void> {
  assert.deepEqual([...found.shape], wanted.shape, `${what}: shape`);
  const values = await found.read();
  for (const [i, want] of wanted.values.entries()) {
    const got = Number(values[i]);
    const near =
      Object.is(got, want) ||
      got === want ||
      Math.abs(got - want) <= absolute + relative * Math.abs(want);
    assert.ok(
      near || (Number.isNaN(got) && Number.isNaN(want)),
      `${what}: element ${i}: wanted ${want}, found ${got}`,
    );
  }
}
