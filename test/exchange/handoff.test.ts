// Tables between two real processes: what crosses, what is copied (nothing), and who sees whose writes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Table, tableFromArrays, tableToIPC } from "apache-arrow";
import { native } from "../../kernel/src/base/native.ts";
import { tableBuffers } from "../../kernel/src/exchange/arrow-buffers.ts";
import { exchangeStats, get, list, put, release, remove } from "../../kernel/src/exchange/index.ts";
import { Remote, root, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
const node = Remote.node();
after(async () => {
  await Promise.all([python.end(), node.end()]);
  folder.remove();
});

const FLIGHTS = JSON.stringify(join(root, "node_modules/vega-datasets/data/flights-3m.parquet"));
const addon = native()!;

/** Address ranges of the arenas that this process has mapped, and their inodes. */
function arenaMaps(maps = readFileSync("/proc/self/maps", "utf8")) {
  return maps
    .split("\n")
    .filter((line) => line.includes("/memfd:cenote-arena"))
    .map((line) => {
      const [range, mode, , , inode] = line.split(/\s+/);
      const [begin, end] = range!.split("-").map((hex) => BigInt(`0x${hex}`));
      return { begin: begin!, end: end!, mode: mode!, inode: inode! };
    });
}

function assertMapped(table: Table) {
  let buffers = 0;
  for (const buffer of tableBuffers(table)) {
    const at = addon.addressOf(buffer.buffer as ArrayBuffer) + BigInt(buffer.byteOffset);
    const inside = arenaMaps().some(
      ({ begin, end, mode }) =>
        begin <= at && at + BigInt(buffer.byteLength) <= end && mode === "rw-p",
    );
    assert.ok(inside, "every buffer lies in a private mapping of an arena");
    buffers++;
  }
  assert.ok(buffers > 0);
}

/** Makes the remote process forget what it holds under a variable. */
const forget = "import gc; t = None; gc.collect()";

test("three million rows go from Python to TypeScript and back without a further copy", async () => {
  await python.run(`
import pyarrow.parquet as pq
flights = pq.read_table(${FLIGHTS})
cenote.put("flights", flights)
cenote.put("few", flights.slice(1000, 3000))
answer = flights.column(0).num_chunks`);
  const flights = await get("flights");
  const few = await get("few");
  assert.equal(flights.numRows, 3_000_000);
  assert.equal(few.numRows, 3000);
  // 33 chunks were joined as they were copied: a handoff costs time per batch.
  assert.equal(flights.batches.length, 1);
  assertMapped(flights);
  assertMapped(few);
  assert.equal(few.getChild("origin")!.get(7), flights.getChild("origin")!.get(1007));
  assert.equal(flights.getChild("delay")!.get(0), 33n);

  await put("back", flights);
  const equal = await python.run<boolean[]>(`
t = cenote.get("back")
answer = [t.equals(flights), t.schema.equals(flights.schema, check_metadata=True)]`);
  assert.deepEqual(equal, [true, true]);

  const here = await exchangeStats();
  assert.deepEqual([here.copies, here.bytesCopied], [0, 0]);
  assert.equal(here.zeroCopy, true);
  const there = await python.run<Record<string, number>>("answer = cenote.stats()");
  assert.deepEqual([there["copies"], there["bytes_copied"]], [0, 0]);
  assert.deepEqual([there["puts"], there["handoffs"]], [2, 1]);
  await release("flights");
  await release("few");
});

test("in Python, too, every buffer lies in the owner's pages", async () => {
  await put("numbers", tableFromArrays({ x: Float64Array.from({ length: 50_000 }, (_, i) => i) }));
  const [inside, inodes] = await python.run<[boolean, string[]]>(`
t = cenote.get("numbers")
maps = [line.split() for line in open("/proc/self/maps") if "/memfd:cenote-arena" in line]
ranges = [[int(part, 16) for part in m[0].split("-")] for m in maps if m[1] == "rw-p"]
buffers = [b for chunk in t.column(0).chunks for b in chunk.buffers() if b is not None and b.size]
inside = bool(buffers) and all(
    any(begin <= b.address and b.address + b.size <= end for begin, end in ranges) for b in buffers)
answer = [inside, [m[4] for m in maps]]`);
  assert.ok(inside);
  const ours = arenaMaps().filter(({ mode }) => mode === "rw-s");
  assert.ok(ours.length > 0);
  assert.ok(
    ours.some(({ inode }) => inodes.includes(inode)),
    "the same file on both sides",
  );
});

test("what Python writes into its arena later is seen in TypeScript", async () => {
  await python.run(`
import numpy as np
cenote.put("live", pa.table({"x": pa.array([11111111111, 22222222222, 33333333333])}))`);
  const live = await get("live");
  const column = live.getChild("x")!;
  assert.equal(column.get(1), 22222222222n);
  await python.run(`
from cenote._exchange import exchange
memory = exchange().owner.lease("live").arena.memory
at = memory.find((22222222222).to_bytes(8, "little"))
memory[at:at + 8] = (44444444444).to_bytes(8, "little")`);
  assert.equal(column.get(1), 44444444444n);
});

test("what TypeScript writes into its arena later is seen in Python", async () => {
  await put("live-ts", { x: BigInt64Array.of(55555555555n, 66666666666n) });
  const before = await python.run("live = cenote.get('live-ts'); answer = live['x'].to_pylist()");
  assert.deepEqual(before, [55555555555, 66666666666]);
  assert.equal(poke(66666666666n, 77777777777n), 1);
  assert.deepEqual(await python.run("answer = live['x'].to_pylist()"), [55555555555, 77777777777]);
});

/** Replaces a number wherever this process's own arenas hold it, through their writable mappings. */
function poke(wanted: bigint, value: bigint): number {
  let found = 0;
  const needle = Buffer.from(BigInt64Array.of(wanted).buffer);
  for (let mapping = 1; mapping < 200; mapping++) {
    let bytes: Buffer;
    try {
      bytes = Buffer.from(addon.view(mapping, 0, 64 * 2 ** 20));
    } catch {
      continue; // no such mapping, or a smaller one
    }
    const at = bytes.indexOf(needle);
    if (at < 0 || !isShared(addon.addressOf(bytes.buffer as ArrayBuffer))) continue;
    bytes.writeBigInt64LE(value, at);
    found++;
  }
  return found;
}

const isShared = (address: bigint) =>
  arenaMaps().some(({ begin, end, mode }) => begin <= address && address < end && mode === "rw-s");

test("a reader's stray write stays its own, and is forgotten with its lease", async () => {
  await python.run(`cenote.put("stray", pa.table({"x": pa.array([1, 2, 3])}))`);
  const first = await get("stray");
  const values = first.getChild("x")!.data[0]!.values as BigInt64Array;
  values[0] = 99n;
  assert.deepEqual(await python.run("answer = cenote.get('stray')['x'].to_pylist()"), [1, 2, 3]);
  await release(first);
  await until("its array is empty", () => values.length === 0);
  const again = await get("stray");
  assert.deepEqual([...again.getChild("x")!], [1n, 2n, 3n]);
});

test("a released table raises, and its arrays never show what comes after it", async () => {
  const forgets = "cenote.delete('gone')";
  await python.run(`cenote.put("gone", pa.table({"x": pa.array([1, 2, 3])}))`);
  const [one, two] = [await get("gone"), await get("gone")];
  const values = one.getChild("x")!.data[0]!.values as BigInt64Array;
  await release(one);
  assert.throws(() => one.numRows, {
    code: "RELEASED",
    message: /got as "gone".*\n {2}Get it again/,
  });
  assert.throws(() => one.getChild("x"), { code: "RELEASED" });
  assert.throws(() => [...one], { code: "RELEASED" });
  await release(one);
  assert.equal(two.numRows, 3, "a claim ends once");
  await release(two);
  // Got again at once, the version has not changed its place.
  const three = await get("gone");
  assert.equal(three.getChild("x")!.data[0]!.values, three.getChild("x")!.data[0]!.values);
  assert.equal(three.getChild("x")!.data[0]!.values.buffer, values.buffer);
  await python.run(forgets);
  await release("gone");
  assert.throws(() => three.numRows, { code: "RELEASED" });
  await until("the arrays are empty", async () => {
    if (values.length === 0) return true;
    assert.deepEqual([...values.subarray(0, 3)], [1n, 2n, 3n]);
    // Were the range free already, this would be written there.
    await python.run("cenote.put('next', pa.table({'x': pa.array([7, 8, 9])}))");
    return false;
  });
});

test("a new version leaves the readers of the old one alone", async () => {
  await python.run(`cenote.put("v", pa.table({"x": pa.array([1] * 1000)}))`);
  const old = await get("v");
  for (let i = 2; i < 30; i++) {
    await python.run(`cenote.put("v", pa.table({"x": pa.array([${i}] * 1000)}))`);
  }
  assert.ok([...old.getChild("x")!].every((x) => x === 1n));
  assert.equal((await get("v")).getChild("x")!.get(0), 29n);
  assert.equal((await list()).filter((table) => table.name === "v").length, 1);
});

test("of two processes that share a name the newest counts", async () => {
  await python.run(`cenote.put("both", pa.table({"from": ["python"]}))`);
  await put("both", tableFromArrays({ from: ["typescript"] }));
  assert.equal((await get("both")).getChild("from")!.get(0), "typescript");
  assert.deepEqual(await python.run("answer = cenote.get('both')['from'].to_pylist()"), [
    "typescript",
  ]);
  await python.run(`cenote.put("both", pa.table({"from": ["python again"]}))`);
  assert.equal((await get("both")).getChild("from")!.get(0), "python again");
  await python.run(`cenote.delete("both")`);
  await assert.rejects(get("both"), { code: "UNKNOWN_NAME" });
});

test("memory stays flat: ranges are reused once their leases have ended", async () => {
  const big = tableFromArrays({ x: new Float64Array(4 * 2 ** 20) }); // 32 MiB
  for (let i = 0; i < 12; i++) {
    await put("flat", big);
    await python.run(`t = cenote.get("flat"); answer = t.num_rows`);
  }
  await python.run(forget);
  const { segmentBytes } = await exchangeStats();
  assert.ok(segmentBytes <= 512 * 2 ** 20, `${segmentBytes} bytes for one table of 32 MiB`);
  for (let i = 0; i < 12; i++) {
    await python.run(`cenote.put("flat", pa.table({"x": np.zeros(4 * 2 ** 20)}))`);
    await release(await get("flat"));
  }
  const there = await python.run<Record<string, number>>("answer = cenote.stats()");
  assert.ok(there["arena_bytes"]! <= 512 * 2 ** 20, JSON.stringify(there));
});

test("a leased range is not reused; when its table is collected it is", async () => {
  const big = () => tableFromArrays({ x: new Float64Array(10 * 2 ** 20) }); // 80 MiB, an arena each
  await put("held", big());
  await python.run(`t = cenote.get("held")`);
  const before = (await exchangeStats()).segments;
  await put("held", big());
  assert.equal((await exchangeStats()).segments, before + 1);
  await python.run(forget);
  await put("held", big()); // the first one's range, or a third arena until the release has come
  await until("a put reuses the range", async () => {
    const { segments } = await exchangeStats();
    await put("held", big());
    return (await exchangeStats()).segments === segments;
  });
});

test("a busy cell still serves: TypeScript", async () => {
  const busy = Remote.node();
  await busy.run("return cenote.put('spin', { x: Int32Array.of(1, 2, 3) })", "for (;;) {}");
  assert.deepEqual(
    await python.run("t = cenote.get('spin', wait=20); answer = t['x'].to_pylist()"),
    [1, 2, 3],
  );
  assert.deepEqual([...(await get("spin")).getChild("x")!], [1, 2, 3]);
  assert.ok((await list()).some((table) => table.name === "spin"));
  await remove("spin");
  await assert.rejects(get("spin"), { code: "UNKNOWN_NAME" });
  await busy.kill();
});

test("a busy cell still serves: Python", async () => {
  const busy = Remote.python();
  await busy.run("cenote.put('spin-py', pa.table({'x': [1, 2, 3]}))", "while True: pass");
  assert.deepEqual([...(await get("spin-py", { wait: 20 })).getChild("x")!], [1n, 2n, 3n]);
  await busy.kill();
});

for (const language of ["python", "node"] as const) {
  test(`a killed owner (${language}): its names vanish, its readers keep what they have`, async () => {
    const owner = Remote[language]();
    await owner.run(
      language === "python"
        ? "cenote.put('doomed', pa.table({'x': [1, 2, 3]}))"
        : "return cenote.put('doomed', { x: BigInt64Array.of(1n, 2n, 3n) })",
    );
    const table = await get("doomed");
    await python.run("doomed = cenote.get('doomed')");
    await owner.kill();
    await until("the name is gone", async () =>
      (await list()).every(({ name }) => name !== "doomed"),
    );
    await assert.rejects(get("doomed"), {
      code: "UNKNOWN_NAME",
      message: new RegExp(`"doomed" was shared by .* process ${owner.pid}, which has ended`),
    });
    await assert.rejects(python.run("cenote.get('doomed')"), /UnknownNameError: .*which has ended/);
    assert.deepEqual([...table.getChild("x")!], [1n, 2n, 3n]);
    assert.deepEqual(await python.run("answer = doomed['x'].to_pylist()"), [1, 2, 3]);
    const left = readdirSync(folder.path).filter((name) => name.startsWith(`${owner.pid}-`));
    assert.deepEqual(left, [], "the stale socket was removed");
  });
}

test("a killed reader's leases end", async () => {
  const reader = Remote.python();
  const big = () => tableFromArrays({ x: new Float64Array(10 * 2 ** 20) });
  await put("read", big());
  await reader.run("t = cenote.get('read')");
  await put("read", big());
  await reader.kill();
  await until("a put reuses the range", async () => {
    const { segments } = await exchangeStats();
    await put("read", big());
    return (await exchangeStats()).segments === segments;
  });
});

test("TypeScript to TypeScript, and to itself", async () => {
  await node.run("return cenote.put('ts', { x: Float32Array.of(1.5, 2.5) })");
  const theirs = await get("ts");
  assertMapped(theirs);
  assert.deepEqual([...theirs.getChild("x")!], [1.5, 2.5]);
  await put("mine", theirs);
  const mine = await get("mine");
  assertMapped(mine);
  assert.deepEqual(tableToIPC(mine), tableToIPC(theirs));
  assert.deepEqual(
    await node.run("return [...(await cenote.get('mine')).getChild('x')]"),
    [1.5, 2.5],
  );
});

test("get waits for a name", async () => {
  const coming = get("later", { wait: 30 });
  await python.run("cenote.put('later', pa.table({'x': [1]}))");
  assert.equal((await coming).numRows, 1);
  const started = python.run("answer = cenote.get('later-ts', wait=30).num_rows");
  await put("later-ts", { x: Int8Array.of(1, 2) });
  assert.equal(await started, 2);
  await assert.rejects(get("never", { wait: 0.05 }), { code: "UNKNOWN_NAME" });
  await assert.rejects(get("never", { wait: Number.NaN }), { code: "BAD_WAIT" });
});

test("collected tables end their leases here too", async () => {
  await node.run(`
    scope.big = () => ({ x: new Float64Array(10 * 2 ** 20) });
    await cenote.put("collected", scope.big());`);
  // Not this process: its test functions may still hold their tables.
  const reader = Remote.node();
  await reader.run("scope.table = await cenote.get('collected')");
  const segments = "return (await cenote.exchangeStats()).segments";
  const held = await node.run<number>(segments);
  await node.run("return cenote.put('collected', scope.big())");
  assert.equal(await node.run(segments), held + 1);
  await reader.run("scope.table = undefined");
  await until("the lease has ended", async () => {
    await reader.run("globalThis.gc()");
    const before = await node.run(segments);
    await node.run("return cenote.put('collected', scope.big())");
    return (await node.run(segments)) === before;
  });
  await reader.end();
});
