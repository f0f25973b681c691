// Names as they change, told to who watches: new versions, names taken back, owners that are killed.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { get, put, remove, watch } from "../../kernel/src/exchange/index.ts";
import { type Change, Watching } from "../../kernel/src/exchange/watching.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const watching = new Watching();
after(folder.remove);

/** What a watcher is told, as `name:rows`, or `name:gone`. */
function listen(name?: string): { told: string[]; stop: () => void } {
  const told: string[] = [];
  const tell = ({ name, table }: Change) => void told.push(`${name}:${table?.rows ?? "gone"}`);
  return { told, stop: watching.watch(name, tell) };
}

for (const [language, start, putRows] of [
  ["python", Remote.python, (rows: number) => `cenote.put("a", pa.table({"x": [0] * ${rows}}))`],
  ["typescript", Remote.node, (rows: number) => `await cenote.put("a", new Int8Array(${rows}))`],
] as const) {
  test(`a name of a ${language} process: what there is, what comes, and its end`, async () => {
    const owner = start();
    await owner.run(putRows(1));
    const [one, all, other] = [listen("a"), listen(), listen("b")];
    await until("the current version is told", () => one.told.length === 1);
    await owner.run(putRows(2));
    await until("the new version is told", () => one.told.length === 2);
    await owner.kill();
    await until("the owner's end is told", () => one.told.length === 3 && all.told.length === 3);
    assert.deepEqual(one.told, ["a:1", "a:2", "a:gone"]);
    assert.deepEqual(all.told, one.told);
    assert.deepEqual(other.told, []);
    for (const { stop } of [one, all, other]) stop();
  });
}

test("of two owners the newest counts, and what is left when it is taken back", async () => {
  const owner = Remote.node();
  const { told, stop } = listen("t");
  await put("t", new Int8Array(1));
  await until("the own table is told", () => told.length === 1);
  await owner.run(`await cenote.put("t", new Int8Array(2))`);
  await until("the other's is told", () => told.length === 2);
  await owner.end();
  await until("the own one counts again", () => told.length === 3);
  await remove("t");
  await until("it is gone", () => told.length === 4);
  assert.deepEqual(told, ["t:1", "t:2", "t:1", "t:gone"]);
  stop();
});

test("a loop hears of each version, when it is busy of the last, and ends when it is left", async () => {
  const owner = Remote.node();
  const putRows = (rows: number) => owner.run(`await cenote.put("loop", new Int8Array(${rows}))`);
  await putRows(1);
  const changes = watch("loop");
  const old = await get("loop");
  const heard: (number | undefined)[] = [];
  for await (const { name, table } of changes) {
    assert.equal(name, "loop");
    heard.push(table?.rows);
    if (table === undefined) break;
    if (table.rows === 1) {
      const later: (number | undefined)[] = [];
      const stop = watch("loop", (change) => later.push(change.table?.rows));
      await putRows(2);
      await putRows(3);
      // Both watches hear of the last one in the same turn.
      await until("the last one is told", () => later.includes(3));
      stop();
    } else await owner.end();
  }
  assert.deepEqual(heard, [1, 3, undefined]);
  assert.deepEqual(await changes.next(), { value: undefined, done: true });
  assert.deepEqual([...old.getChildAt(0)!], [0], "who has got the old version keeps it");
  await assert.rejects(async () => watch(""), { code: "BAD_NAME" });
});

test("who listens later is told what there is; who has stopped is told nothing", async () => {
  const first = listen("u");
  await put("u", new Int8Array(1));
  await until("it is told", () => first.told.length === 1);
  const second = listen("u");
  await until("it is told again", () => second.told.length === 1);
  first.stop();
  await put("u", new Int8Array(2));
  await until("the new version is told", () => second.told.length === 2);
  assert.deepEqual(first.told, ["u:1"]);
  second.stop();
});
