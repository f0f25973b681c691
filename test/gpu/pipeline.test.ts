import assert from "node:assert/strict";
import { test } from "node:test";
import { CenoteError } from "../../kernel/src/base/index.ts";
import { addKernel, blockOf, gpu, scoped, words } from "./open.ts";

const run = (name: string, body: () => Promise<void>) => test(name, () => scoped(body));
const code = (wanted: string) => (error: unknown) =>
  error instanceof CenoteError && error.code === wanted;

// Not inside error scopes: these errors are to reach the caller, once, as exceptions.
test("a WGSL error names the kernel, line and column, and shows the line", async () => {
  const text = "fn a() {\n  let x = 1 + true;\n}";
  assert.throws(
    () => gpu.pipeline({ label: "wrong", bindings: 0, code: text }),
    (error: CenoteError) => {
      assert.equal(error.code, "WGSL");
      assert.match(error.message, /WGSL of "wrong", line 2, column 11: no matching overload/);
      assert.match(error.message, /2 \| {3}let x = 1 \+ true;/);
      return true;
    },
  );
  await gpu.finish(); // nothing is left over to be thrown
});

test("a kernel that does not fit its bindings says so", async () => {
  const text = /* wgsl */ `
@group(0) @binding(1) var<storage, read_write> a: array<u32>;
@compute @workgroup_size(1) fn main() { a[0] = 1u; }`;
  assert.throws(() => gpu.pipeline({ label: "two", bindings: 1, code: text }), code("PIPELINE"));
  assert.throws(
    () => gpu.pipeline({ label: "two", bindings: 2, code: text, entryPoint: "other" }),
    code("PIPELINE"),
  );
  await gpu.finish();
});

test("an error that the device reports late is thrown by the next wait", async () => {
  gpu.device.createBuffer({ size: 2 ** 45, usage: 128 });
  await assert.rejects(gpu.finish(), (error: CenoteError) => {
    assert.equal(error.code, "GPU_ERROR");
    assert.match(error.message, /Buffer size \(35184372088832\)/);
    return true;
  });
  await gpu.finish();
});

run("pipelines are compiled once for each text", async () => {
  const first = addKernel();
  const { pipelines } = gpu.counts;
  assert.equal(addKernel(), first);
  assert.equal(gpu.counts.pipelines, pipelines);
});

run("dispatch checks what it is given", async () => {
  const block = gpu.allocate(1024);
  const add = addKernel();
  const params = Uint32Array.of(1, 0, 0, 0);
  const call = { bindings: [{ block }], params, workgroups: [1] as [number] };
  const wrong = (wanted: string, change: object) =>
    assert.throws(() => gpu.dispatch(add, { ...call, ...change }), code(wanted));
  wrong("BAD_DISPATCH", { bindings: [] });
  wrong("BAD_DISPATCH", { params: undefined });
  wrong("BAD_DISPATCH", { params: new Uint32Array(257) });
  wrong("BAD_DISPATCH", { workgroups: [70_000] });
  wrong("BAD_DISPATCH", { workgroups: [1.5] });
  wrong("UNALIGNED", { bindings: [{ block, offset: 4 }] });
  wrong("OUT_OF_BLOCK", { bindings: [{ block, offset: 256, bytes: 1024 }] });
  wrong("EMPTY_BINDING", { bindings: [{ block, offset: 1024 }] });
  assert.throws(() => gpu.dispatch({ label: "x" }, call), code("BAD_PIPELINE"));
  const gone = gpu.allocate(4);
  gone.dispose();
  wrong("DISPOSED", { bindings: [{ block: gone }] });
});

run(
  "a range larger than one binding is refused, by the pool where a buffer is no larger",
  async () => {
    const { budget } = gpu.pool;
    gpu.pool.budget = Math.max(budget, 2 * gpu.maxBinding);
    try {
      const bytes = gpu.maxBinding + 256;
      if (bytes > gpu.device.limits.maxBufferSize) {
        assert.throws(() => gpu.allocate(bytes), code("BLOCK_TOO_LARGE"));
        return;
      }
      const block = gpu.allocate(bytes);
      const call = { params: Uint32Array.of(1, 0, 0, 0), workgroups: [1] as [number] };
      assert.throws(
        () => gpu.dispatch(addKernel(), { ...call, bindings: [{ block }] }),
        code("BINDING_TOO_LARGE"),
      );
    } finally {
      gpu.pool.budget = budget;
    }
  },
);

run("two bindings of one range are refused; neighbours in one slab are not", async () => {
  const both = gpu.pipeline({
    label: "both",
    bindings: 2,
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@group(0) @binding(1) var<storage, read_write> b: array<u32>;
@compute @workgroup_size(1) fn main() { a[0] = arrayLength(&a); b[0] = arrayLength(&b); }`,
  });
  const block = gpu.allocate(1024);
  const parts = [
    { block, bytes: 256 },
    { block, offset: 256, bytes: 12 },
  ];
  gpu.dispatch(both, { bindings: parts, workgroups: [1] });
  assert.equal((await words({ block }))[0], 64);
  assert.equal((await words({ block, offset: 256 }))[0], 3);
  const overlapping = [{ block }, { block, offset: 256 }];
  assert.throws(
    () => gpu.dispatch(both, { bindings: overlapping, workgroups: [1] }),
    code("OVERLAP"),
  );
});

run(
  "parameters are each dispatch's own, also when they come again, and when there are more than fit",
  async () => {
    const block = await blockOf(new Uint32Array(1));
    const add = addKernel();
    let wanted = 0;
    for (let i = 0; i < 2500; i++) {
      const value = i % 3 === 0 ? 5 : (i * 7919) % 1500;
      gpu.dispatch(add, {
        bindings: [{ block }],
        params: Uint32Array.of(value, i % 2, 0, 0),
        workgroups: [1],
      });
      wanted += value;
      if (i % 700 === 0) gpu.submit();
    }
    assert.equal((await words({ block }))[0], wanted);
  },
);
