// One contract over every kind of segment: sealed memfds, POSIX shared memory, and none, where tables cross by a
// copy over the socket that is counted. In every pair of processes, as far as they can read each other's.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

const BYTES = 1_600_000;
const VERSIONS = 50;

interface Counts {
  copies: number;
  bytesCopied: number;
  handoffs: number;
  /** Bytes of its own arenas. */
  arenas: number;
}
interface Side {
  start: (env: Record<string, string>) => Remote;
  put: string;
  /** Gets the table twice, and gives the sum of its values. */
  get: string;
  counts: string;
  /** Puts a second version. */
  putNext: string;
  /** Watches, and holds on to the first version. */
  hold: string;
  /** What that still shows, what is new, and what was heard. */
  look: string;
  /** Takes the name back; then what `get` says, and what is held. */
  remove: string;
  /** Puts a table that is made in the segment batch by batch, and an array that is. */
  make: string;
  /** What these hold. */
  made: string;
  /** Puts that version of a large table; reads and releases it. */
  putVersion: (version: number) => string;
  getVersion: string;
  /** Holds the last version; what it still shows when its owner is gone. */
  holdLast: string;
  last: string;
  names: string;
}

const python: Side = {
  start: Remote.python,
  put: `
import numpy as np
cenote.put("t", pa.table({"x": np.arange(${BYTES / 8}, dtype="int64")}))`,
  get: `
import pyarrow.compute as pc
cenote.get("t")
t = cenote.get("t")
answer = str(pc.sum(t["x"]).as_py())
del t`,
  putNext: `cenote.put("t", pa.table({"x": [7]}))`,
  hold: `
heard = []
stop = cenote.watch("t", lambda name, table: heard.append(table and table.rows))
old = cenote.get("t")
answer = old.num_rows`,
  look: `
import time
while 1 not in heard: time.sleep(0.01)
answer = [old["x"][-1].as_py(), cenote.get("t").num_rows]`,
  remove: `
cenote.delete("t")
while heard[-1] is not None: time.sleep(0.01)
stop()
try:
    cenote.get("t")
except cenote.UnknownNameError as error:
    answer = [error.code, old["x"][-1].as_py()]
del old`,
  make: `
with cenote.writer("written", {"n": pa.int8()}) as out:
    out.write({"n": pa.array([3], pa.int8())})
    out.write({"n": pa.array([4, 5], pa.int8())})
block = cenote.empty((2, 2), "int16")
block[:] = 9
cenote.put("filled", block)
del block`,
  made: `
answer = [cenote.get("written")["n"].to_pylist(), cenote.get("filled", as_="numpy").ravel().tolist()]
cenote.delete("written")
cenote.delete("filled")`,
  putVersion: (version) =>
    `cenote.put("v", pa.table({"x": np.full(${BYTES / 8}, ${version}, dtype="int64")}))`,
  getVersion: `answer = cenote.get("v")["x"][-1].as_py()`,
  holdLast: `held = cenote.get("v")`,
  last: `
answer = held["x"][0].as_py()
del held`,
  names: `answer = [table.name for table in cenote.list()]`,
  counts: `s = cenote.stats()
answer = {"copies": s["copies"], "bytesCopied": s["bytes_copied"], "handoffs": s["handoffs"], "arenas": s["arena_bytes"]}`,
};
const node: Side = {
  start: Remote.node,
  put: `
    const x = BigInt64Array.from({ length: ${BYTES / 8} }, (_, i) => BigInt(i));
    return cenote.put("t", { x });`,
  get: `
    await cenote.get("t");
    const t = await cenote.get("t");
    const sum = String([...t.getChild("x")].reduce((a, b) => a + b));
    cenote.release("t");
    return sum;`,
  putNext: `return cenote.put("t", { x: BigInt64Array.of(7n) })`,
  hold: `
    globalThis.heard = [];
    globalThis.stop = cenote.watch("t", ({ table }) => heard.push(table?.rows));
    globalThis.old = await cenote.get("t");
    return old.numRows;`,
  look: `
    while (!heard.includes(1)) await new Promise((resolve) => setTimeout(resolve, 10));
    const last = Number(old.getChild("x").at(-1));
    const next = await cenote.get("t");
    const array = next.getChild("x").data[0].values;
    await cenote.release(next);
    try {
      next.getChild("x");
    } catch ({ code }) {
      if (code !== "RELEASED") throw new Error(code);
      while (array.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      return [last, 1];
    }
    throw new Error("a released table does not raise");`,
  remove: `
    await cenote.remove("t");
    while (heard.at(-1) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    stop();
    const code = await cenote.get("t").catch((error) => error.code);
    const last = Number(old.getChild("x").at(-1));
    cenote.release(old);
    return [code, last];`,
  make: `
    const out = await cenote.writer("written", { n: "int8" });
    out.write({ n: Int8Array.of(3) });
    out.write({ n: Int8Array.of(4, 5) });
    out.close();
    const block = await cenote.allocate([2, 2], "int16");
    block.fill(9);
    await cenote.put("filled", block);`,
  made: `
    const written = [...(await cenote.get("written")).getChild("n")];
    const filled = [...(await cenote.get("filled", { as: "tensor" })).data];
    for (const name of ["written", "filled"]) {
      cenote.release(name);
      await cenote.remove(name);
    }
    return [written, filled];`,
  putVersion: (version) =>
    `await cenote.put("v", { x: new BigInt64Array(${BYTES / 8}).fill(${version}n) });`,
  getVersion: `
    const value = Number((await cenote.get("v")).getChild("x").at(-1));
    cenote.release("v");
    return value;`,
  holdLast: `globalThis.held = await cenote.get("v"); `,
  last: `
    const value = Number(held.getChild("x").at(0));
    cenote.release(held);
    return value;`,
  names: `return (await cenote.list()).map(({ name }) => name);`,
  counts: `
    const { copies, bytesCopied, handoffs, segmentBytes: arenas } = await cenote.exchangeStats();
    return { copies, bytesCopied, handoffs, arenas };`,
};
const n = BigInt(BYTES / 8);
const SUM = String(((n - 1n) * n) / 2n);

const KINDS: Record<string, Record<string, string>> = {
  memfd: {},
  shm: { CENOTE_SEGMENT: "shm" },
  copy: { CENOTE_NO_NATIVE: "1" },
};
interface Process {
  side: Side;
  copies: boolean;
  remote: Remote;
}

async function tryPair(owner: Process, reader: Process): Promise<void> {
  const [from, to] = [owner.remote, reader.remote];
  const count = () =>
    Promise.all([from.run<Counts>(owner.side.counts), to.run<Counts>(reader.side.counts)]);
  const before = await count();
  await from.run(owner.side.put);
  assert.equal(await to.run(reader.side.get), SUM);
  const [sent, got] = await count();
  assert.equal(got.handoffs - before[1].handoffs, 2);
  const copied = owner.copies || reader.copies;
  // Each side counts what it has copied.
  for (const [side, was] of [
    [sent, before[0]],
    [got, before[1]],
  ] as const) {
    assert.equal(side.copies - was.copies, copied ? 2 : 0);
    if (copied) assert.ok(side.bytesCopied - was.bytesCopied >= 2 * BYTES);
    else assert.equal(side.bytesCopied, was.bytesCopied);
  }
  const last = BYTES / 8 - 1;
  assert.equal(await to.run(reader.side.hold), BYTES / 8);
  await from.run(owner.side.putNext);
  assert.deepEqual(await to.run(reader.side.look), [last, 1]);
  assert.deepEqual(await to.run(reader.side.remove), ["UNKNOWN_NAME", last]);
  await from.run(owner.side.make);
  assert.deepEqual(await to.run(reader.side.made), [
    [3, 4, 5],
    [9, 9, 9, 9],
  ]);
}

/** What readers have let go of is used again, and what they hold outlives its owner. */
async function tryVersions(owner: Process, readers: Process[]): Promise<void> {
  const { remote: from, side } = owner;
  await from.run(side.put); // which imports what the versions need
  for (let version = 0; version < VERSIONS; version++) {
    await from.run(side.putVersion(version));
    const reader = readers[version % readers.length]!;
    assert.equal(await reader.remote.run(reader.side.getVersion), version);
  }
  assert.equal((await from.run<Counts>(side.counts)).arenas, 64 << 20);
  for (const { remote, side } of readers) await remote.run(side.holdLast);
  await from.kill();
  for (const { remote, side } of readers) {
    await until("the names are gone", async () => !(await remote.run<string[]>(side.names)).length);
    assert.equal(await remote.run(side.last), VERSIONS - 1);
  }
}

for (const kind of ["memfd", "shm"]) {
  test(`${kind}, and copies`, async (t) => {
    process.env["CENOTE_RUNTIME_DIR"] = mkdtempSync(join(folder.path, kind));
    const names = readdirSync("/dev/shm");
    // Two of each, so that each sort reads its like.
    const made = [kind, kind, "copy", "copy"].flatMap((name) =>
      Object.entries({ python, node }).map(([language, side]) => ({
        name: `${language} (${name})`,
        side,
        copies: name === "copy",
        remote: side.start(KINDS[name]!),
      })),
    );
    const tried = new Set<string>();
    for (const owner of made) {
      for (const reader of made) {
        const title = `${owner.name} to ${reader.name}`;
        if (owner === reader || tried.has(title)) continue;
        tried.add(title);
        await t.test(title, () => tryPair(owner, reader));
      }
    }
    const ours = readdirSync("/dev/shm").filter(
      (name) => name.startsWith("cenote-") && !names.includes(name),
    );
    assert.deepEqual(
      ours.filter((name) => made.some(({ remote }) => name.includes(`-${remote.pid}-`))),
      [],
    );
    while (made.length > 4) {
      const owner = made.shift()!;
      await t.test(`versions of ${owner.name}`, () => tryVersions(owner, made));
    }
    await Promise.all(made.map(({ remote }) => remote.end()));
  });
}

for (const [name, side] of Object.entries({ python, node })) {
  test(`${name} without shared memory gets what it has put itself`, async () => {
    const own = side.start(KINDS["copy"]!);
    await own.run(side.put);
    assert.equal(await own.run(side.get), SUM);
    assert.equal((await own.run<Counts>(side.counts)).copies, 2);
    await own.end();
  });
}

test("the status says why", async () => {
  for (const [env, reason] of [
    [KINDS["copy"], "CENOTE_NO_NATIVE is set"],
    [
      { CENOTE_SEGMENT: "sysv" },
      "CENOTE_SEGMENT: wanted memfd or shm on linux, found sysv; tables are copied",
    ],
  ] as const) {
    const bare = Remote.node(env);
    assert.deepEqual(await bare.run("return cenote.nativeStatus()"), { available: false, reason });
    const { zeroCopy } = await bare.run<{ zeroCopy: boolean }>("return cenote.exchangeStats()");
    assert.equal(zeroCopy, false);
    await bare.end();
  }
  const python = Remote.python({ CENOTE_SEGMENT: "sysv" });
  await assert.rejects(python.run('cenote.put("t", [1])'), /wanted memfd or shm on linux/);
  await python.end();
});
