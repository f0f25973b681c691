// What peers have answered is believed only as long as it is true: a version that is in use here is got again
// without a message, and a put, a removal, a newer owner or a death is seen by the very next `get`.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { get, put, release, remove } from "../../kernel/src/exchange/index.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

/** The version that is got, which is in its column's name. */
async function versionOf(name: string): Promise<number> {
  const table = await get(name);
  const version = Number(table.schema.fields[0]!.name.slice(1));
  await release(table);
  return version;
}

for (const [language, start, putColumn, take] of [
  [
    "python",
    Remote.python,
    (k: number) => `cenote.put("a", pa.table({"x${k}": [${k}]}))`,
    `cenote.delete("a")`,
  ],
  [
    "typescript",
    Remote.node,
    (k: number) => `await cenote.put("a", { x${k}: new Int8Array([${k}]) })`,
    `await cenote.remove("a")`,
  ],
] as const) {
  test(`each get sees what a ${language} process put last`, async () => {
    const owner = start();
    for (let k = 1; k <= 20; k++) {
      await owner.run(putColumn(k));
      for (let again = 0; again < 3; again++) assert.equal(await versionOf("a"), k);
    }
    await put("a", { x99: new Int8Array(1) });
    assert.equal(await versionOf("a"), 99);
    await remove("a"); // here and there
    await assert.rejects(get("a"), { code: "UNKNOWN_NAME" });
    await owner.run(putColumn(7));
    assert.equal(await versionOf("a"), 7);
    await owner.run(take);
    await assert.rejects(get("a"), { code: "UNKNOWN_NAME" });
    await owner.end();
  });

  test(`a killed ${language} process is noticed by the next get`, async () => {
    const owner = start();
    await owner.run(putColumn(1));
    for (let again = 0; again < 100; again++) assert.equal(await versionOf("a"), 1);
    process.kill(owner.pid, "SIGKILL");
    await until("it is seen", () =>
      versionOf("a").then(
        () => false,
        (error) => error.code === "UNKNOWN_NAME",
      ),
    );
    await owner.end();
  });
}

test("gets of one name at the same time, while it changes", async () => {
  const owner = Remote.node();
  await owner.run(`await cenote.put("a", { x0: new Float64Array(1000) })`);
  let done = false;
  const changes = owner
    .run(
      `for (let k = 1; k <= 200; k++) await cenote.put("a", { ["x" + k]: new Float64Array(1000).fill(k) })`,
    )
    .then(() => {
      done = true;
    });
  const read = async () => {
    for (let least = 0; !done; ) {
      const table = await get("a");
      const column = table.schema.fields[0]!.name;
      const found = Number(column.slice(1));
      assert.ok(found >= least, `${found} came after ${least}`);
      assert.equal(table.getChild(column)!.get(999), found);
      least = found;
      await release(table);
    }
  };
  await Promise.all([read(), read(), read(), changes]);
  assert.equal(await versionOf("a"), 200);
  await owner.end();
});
