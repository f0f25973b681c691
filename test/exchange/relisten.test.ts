// Someone tidies up /tmp: the runtime folder goes, and with it the sockets. Their owners make them anew.
import assert from "node:assert/strict";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { get, release } from "../../kernel/src/exchange/index.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

test("owners listen again when the runtime folder was removed", async () => {
  const [python, node] = [Remote.python(), Remote.node()];
  await python.run(`cenote.put("p", pa.table({"x": [1]}))`);
  await node.run(`await cenote.put("n", new Int8Array(2))`);
  const sockets = readdirSync(folder.path);
  assert.equal(sockets.length, 2);
  rmSync(folder.path, { recursive: true });
  for (const [name, rows] of [
    ["p", 1],
    ["n", 2],
  ] as const) {
    const table = await get(name, { wait: 30 });
    assert.equal(table.numRows, rows);
    await release(table);
  }
  await until("both are back", () => readdirSync(folder.path).length === 2);
  assert.deepEqual(readdirSync(folder.path).sort(), sockets.sort());
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  for (const name of sockets) assert.equal(statSync(join(folder.path, name)).mode & 0o777, 0o600);
  await Promise.all([python.end(), node.end()]);
});
