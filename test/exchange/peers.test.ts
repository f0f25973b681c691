// Many questions at once over one connection, silent processes beside those that answer, and memory that
// comes back.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { exchangeStats, list, put, remove } from "../../kernel/src/exchange/index.ts";
import { Remote, root, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

test("tables that are fetched at the same time do not mix", async () => {
  const owner = Remote.node();
  const reader = Remote.node({ CENOTE_NO_NATIVE: "1" });
  await owner.run(`
    for (let k = 1; k <= 3; k++) await cenote.put("t" + k, { x: new Float64Array(1_000_000).fill(k) });`);
  const wrong = await reader.run<number[]>(`
    const questions = [1, 2, 3, 1, 2, 3].map((k) => cenote.get("t" + k));
    const lists = [1, 2, 3].map(() => cenote.list());
    const tables = await Promise.all(questions);
    const names = (await Promise.all(lists)).map((list) => list.length);
    return [...names, ...tables.map((t, i) => t.getChild("x").toArray().filter((x) => x !== (i % 3) + 1).length)];`);
  assert.deepEqual(wrong, [3, 3, 3, 0, 0, 0, 0, 0, 0]);
  await Promise.all([owner.end(), reader.end()]);
});

test("what an owner says unasked does not get between the bytes of a table", async () => {
  const owner = Remote.node();
  const reader = Remote.node({ CENOTE_NO_NATIVE: "1" });
  await owner.run(`
    for (let k = 0; k < 8; k++) await cenote.put("old" + k, new Uint8Array(70 << 20));
    await cenote.put("t", { x: new Float64Array(10_000_000).fill(7) });`);
  const fetched = reader.run<number>(`
    const t = await cenote.get("t");
    return t.getChild("x").toArray().filter((x) => x !== 7).length;`);
  // Each of the later ones drops an arena, and all who are connected are told.
  for (let k = 0; k < 8; k++) await owner.run(`await cenote.remove("old" + ${k})`);
  assert.equal(await fetched, 0);
  await Promise.all([owner.end(), reader.end()]);
});

test("a stopped process that is not connected yet holds nobody up", async () => {
  const [stopped, alive, reader] = [Remote.python(), Remote.node(), Remote.node()];
  await stopped.run(`cenote.put("stopped", pa.table({"a": [1]}))`);
  await alive.run(`await cenote.put("alive", new Int8Array(2))`);
  stopped.process.kill("SIGSTOP");
  try {
    const ended = await reader.run(`
      const ended = [];
      const ask = (name) => cenote.get(name).then((table) => ended.push(table.numRows), (error) => ended.push(error.code));
      await Promise.all([ask("stopped"), ask("alive")]);
      return ended;`);
    assert.deepEqual(ended, [2, "PEER_SILENT"]);
    // The others' tables are found, the silent one is named.
    await assert.rejects(reader.run(`await cenote.get("stopped")`), /PEER_SILENT.*process \d+/s);
  } finally {
    stopped.process.kill("SIGCONT");
  }
  assert.equal(await reader.run(`return (await cenote.get("stopped", { wait: 30 })).numRows`), 1);
  await Promise.all([stopped.end(), alive.end(), reader.end()]);
});

test("a large table's memory is given back when its name is removed", async () => {
  const reader = Remote.node();
  const large = new Uint8Array(300 * 2 ** 20).fill(7);
  await put("large", large);
  await reader.run(`scope.t = await cenote.get("large")`);
  await put("large", large);
  await reader.run(`await cenote.release("large")`);
  await remove("large");
  await until(
    "both arenas are dropped",
    async () => (await exchangeStats()).segmentBytes <= 256 * 2 ** 20,
  );
  await until(
    "the reader has let go",
    async () =>
      (await reader.run<{ mappedSegments: number }>("return cenote.exchangeStats()"))
        .mappedSegments === 0,
  );
  await reader.end();
});

test("a long column name is not cut within a character", async () => {
  await put("emoji", { [`${"x".repeat(78)}😀 and more`]: new Int8Array(1) });
  const [shown] = await list();
  assert.ok(shown!.columns[0]![0].isWellFormed());
  const python = Remote.python();
  await python.run(`answer = len(cenote.list()._repr_html_().encode())`);
  await python.end();
});

test("a link as runtime folder is refused by its name", async () => {
  const [real, link] = [join(folder.path, "real"), join(folder.path, "link")];
  mkdirSync(real);
  symlinkSync(real, link);
  const other = Remote.node({ CENOTE_RUNTIME_DIR: link });
  await assert.rejects(other.run(`await cenote.put("t", new Int8Array(1))`), /found a link/);
  await other.end();
});

test("a relative runtime folder outlives a change of directory", async () => {
  const other = Remote.node({ CENOTE_RUNTIME_DIR: ".cx-relative" });
  const rows = await other.run(`
    const { rmSync } = await import("node:fs");
    try {
      await cenote.put("t", new Int8Array(3));
      process.chdir("/");
      return (await cenote.get("t")).numRows;
    } finally {
      rmSync(${JSON.stringify(join(root, ".cx-relative"))}, { recursive: true });
    }`);
  assert.equal(rows, 3);
  await other.end();
});

test("an array that Arrow has no type for is refused with what is accepted", async () => {
  const other = Remote.node();
  for (const value of ["{ x: new DataView(new ArrayBuffer(8)) }", "null"]) {
    const refused = other.run(`await cenote.put("t", ${value})`);
    await assert.rejects(refused, /NOT_ARROW: wanted Arrow data, found .*Accepted: /s);
  }
  await other.end();
});
