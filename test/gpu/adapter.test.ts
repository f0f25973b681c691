import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { adapterFacts, openGpu } from "../../kernel/src/gpu/index.ts";

const index = new URL("../../kernel/src/gpu/index.ts", import.meta.url).href;

/** Runs a program that imports the gpu room as `gpu`; returns what it printed, as JSON. */
function inProcess(program: string, env: NodeJS.ProcessEnv): unknown {
  const code = `import * as gpu from ${JSON.stringify(index)};\n${program}`;
  const options = { env: { ...process.env, ...env }, encoding: "utf8" as const };
  const args = ["--input-type=module", "--eval", code];
  return JSON.parse(execFileSync(process.execPath, args, { ...options, stdio: "pipe" }));
}

test("there is one Gpu, and its adapter's facts are those that the doctor sees", async () => {
  const [gpu, again] = await Promise.all([openGpu(), openGpu()]);
  assert.equal(gpu, again);
  assert.deepEqual(await adapterFacts(), gpu.adapter);
  assert.ok(gpu.adapter.name.length > 0);
  assert.equal(gpu.maxBinding, gpu.adapter.limits["maxStorageBufferBindingSize"]);
  assert.equal(gpu.device.limits.maxBufferSize, gpu.adapter.limits["maxBufferSize"]);
});

test("the self-test found what the kernels rely on", async () => {
  const { selfTest } = (await openGpu()).adapter;
  assert.equal(selfTest?.nanByBits, true);
  assert.equal(selfTest?.integerWrap, true);
  assert.equal(selfTest?.shifts, true);
});

test("the self-test's result is kept by adapter and driver, and survives a broken file", () => {
  const folder = mkdtempSync(join(tmpdir(), "cenote-test-"));
  try {
    const env = { XDG_CACHE_HOME: folder };
    const open = "console.log(JSON.stringify((await gpu.openGpu()).adapter.selfTest));";
    const look = "console.log(JSON.stringify((await gpu.adapterFacts()).selfTest ?? null));";
    const file = join(folder, "cenote", "adapters.json");
    assert.equal(inProcess(look, env), null);
    const result = inProcess(open, env);
    assert.deepEqual(inProcess(look, env), result);
    const kept = Object.values(JSON.parse(readFileSync(file, "utf8")) as object);
    assert.deepEqual(kept, [result]);
    writeFileSync(file, "{ broken");
    assert.equal(inProcess(look, env), null);
    assert.deepEqual(inProcess(open, env), result);
    assert.deepEqual(inProcess(look, env), result);
    assert.deepEqual(inProcess(open, { XDG_CACHE_HOME: "/dev/null/none" }), result);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("without an adapter, openGpu says what to install, and the process lives", () => {
  const found = inProcess(
    `const error = await gpu.openGpu().catch((error) => error);
     const second = await gpu.openGpu().catch((error) => error);
     console.log(JSON.stringify([error.code, error.message, second.code]));`,
    { VK_ICD_FILENAMES: "/nonexistent.json", VK_DRIVER_FILES: "/nonexistent.json" },
  ) as string[];
  assert.equal(found[0], "NO_ADAPTER");
  assert.match(found[1]!, /mesa-vulkan-drivers[\s\S]*npx cenote doctor/);
  assert.equal(found[2], "NO_ADAPTER");
});

test("the budget comes from CENOTE_BUDGET, else from the system's memory", () => {
  const ask = "console.log(JSON.stringify((await gpu.openGpu()).pool.budget));";
  assert.equal(inProcess(ask, { CENOTE_BUDGET: "300 MiB" }), 300 * 2 ** 20);
  const refused = inProcess(
    `const codes = [];
     for (const text of ["lots", "lots", "1 GiB"]) {
       process.env.CENOTE_BUDGET = text;
       const found = await gpu.openGpu().catch((error) => error);
       codes.push(found.code ?? found.pool.budget);
     }
     console.log(JSON.stringify(codes));`,
    {},
  );
  assert.deepEqual(refused, ["BAD_BUDGET", "BAD_BUDGET", 2 ** 30]);
  const share = inProcess(ask, { CENOTE_BUDGET: "" }) as number;
  assert.ok(share > 64 * 2 ** 20, `${share}`);
});

test("after the device is lost, operations say so and openGpu opens another", () => {
  const found = inProcess(
    `const first = await gpu.openGpu();
     const block = first.allocate(1000);
     await first.upload([{ block, data: new Uint8Array(1000) }]);
     first.device.destroy();
     await first.device.lost;
     const errors = [];
     for (const operation of [
       () => first.allocate(1), () => first.read([{ block }]), () => first.finish(),
       () => first.upload([{ block, data: new Uint8Array(4) }]), () => first.zero({ block }),
     ]) {
       try { await operation(); } catch (error) { errors.push(error.code); }
     }
     const second = await gpu.openGpu();
     const data = Uint8Array.of(1, 2, 3);
     const fresh = second.allocate(3);
     await second.upload([{ block: fresh, data }]);
     const [back] = await second.read([{ block: fresh }]);
     console.log(JSON.stringify([errors, block.disposed, [...back], second.pool.stats().liveBlocks]));`,
    {},
  );
  assert.deepEqual(found, [Array(5).fill("DEVICE_LOST"), true, [1, 2, 3], 1]);
});

test("a process that used the GPU ends by itself", () => {
  const found = inProcess(
    `const g = await gpu.openGpu();
     const block = g.allocate(100, { zeroed: true });
     const [bytes] = await g.read([{ block }]);
     console.log(bytes.length);`,
    {},
  );
  assert.equal(found, 100);
});

test("slabs that come and go in a loop without other work do not pile up", () => {
  // Each block is larger than what is kept empty, so that each has a slab of its own that is destroyed.
  const found = inProcess(
    `const g = await gpu.openGpu();
     g.pool.budget = "200 MiB";
     for (let i = 0; i < 80_000; i++) g.allocate(65 * 2 ** 20).dispose();
     console.log(JSON.stringify([g.pool.stats().allocations, g.pool.stats().reserved]));`,
    {},
  );
  assert.deepEqual(found, [80_000, 0]);
});
