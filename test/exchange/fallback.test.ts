// Where one side can't map memory, tables cross by a copy over the socket, and it is counted. The same
// exchange, under the same contract, in every pair of processes with and without shared memory.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

const BYTES = 1_600_000;
const WITHOUT = { CENOTE_NO_NATIVE: "1" };

interface Counts {
  copies: number;
  bytesCopied: number;
  handoffs: number;
}
interface Side {
  start: (env: Record<string, string>) => Remote;
  put: string;
  /** Gets the table twice, and gives the sum of its values. */
  get: string;
  counts: (remote: Remote) => Promise<Counts>;
  /** Puts a second version. */
  putNext: string;
  /** Watches, and holds on to the first version. */
  hold: string;
  /** What that still shows, what is new, and what was heard. */
  look: string;
  /** Takes the name back; then what `get` says, and what is held. */
  remove: string;
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
answer = str(pc.sum(t["x"]).as_py())`,
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
    answer = [error.code, old["x"][-1].as_py()]`,
  counts: (remote) =>
    remote.run(`s = cenote.stats()
answer = {"copies": s["copies"], "bytesCopied": s["bytes_copied"], "handoffs": s["handoffs"]}`),
};
const node: Side = {
  start: Remote.node,
  put: `
    const x = BigInt64Array.from({ length: ${BYTES / 8} }, (_, i) => BigInt(i));
    return cenote.put("t", { x });`,
  get: `
    await cenote.get("t");
    const t = await cenote.get("t");
    return String([...t.getChild("x")].reduce((a, b) => a + b));`,
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
    return [code, Number(old.getChild("x").at(-1))];`,
  counts: (remote) => remote.run("return cenote.exchangeStats()"),
};
const n = BigInt(BYTES / 8);
const SUM = String(((n - 1n) * n) / 2n);

for (const [ownerName, owner] of Object.entries({ python, node })) {
  for (const [readerName, reader] of Object.entries({ python, node })) {
    for (const [ownerEnv, readerEnv] of [
      [{}, {}],
      [WITHOUT, {}],
      [{}, WITHOUT],
      [WITHOUT, WITHOUT],
    ]) {
      const bare = (env: object) => ("CENOTE_NO_NATIVE" in env ? " without shared memory" : "");
      const title = `${ownerName}${bare(ownerEnv!)} to ${readerName}${bare(readerEnv!)}`;
      test(title, async () => {
        const [from, to] = [owner.start(ownerEnv!), reader.start(readerEnv!)];
        try {
          await from.run(owner.put);
          assert.equal(await to.run(reader.get), SUM);
          const [sent, got] = [await owner.counts(from), await reader.counts(to)];
          assert.equal(got.handoffs, 2);
          const copied = ownerEnv === WITHOUT || readerEnv === WITHOUT;
          // Each side counts what it has copied.
          for (const side of [sent, got]) {
            assert.equal(side.copies, copied ? 2 : 0);
            if (copied) assert.ok(side.bytesCopied >= 2 * BYTES);
            else assert.equal(side.bytesCopied, 0);
          }
          const last = BYTES / 8 - 1;
          assert.equal(await to.run(reader.hold), BYTES / 8);
          await from.run(owner.putNext);
          assert.deepEqual(await to.run(reader.look), [last, 1]);
          assert.deepEqual(await to.run(reader.remove), ["UNKNOWN_NAME", last]);
        } finally {
          await Promise.all([from.end(), to.end()]);
        }
      });
    }
  }
}

for (const [name, side] of Object.entries({ python, node })) {
  test(`${name} without shared memory gets what it has put itself`, async () => {
    const own = side.start(WITHOUT);
    await own.run(side.put);
    assert.equal(await own.run(side.get), SUM);
    assert.equal((await side.counts(own)).copies, 2);
    await own.end();
  });
}

test("the status says why", async () => {
  const bare = Remote.node(WITHOUT);
  assert.deepEqual(await bare.run("return cenote.nativeStatus()"), {
    available: false,
    reason: "CENOTE_NO_NATIVE is set",
  });
  assert.equal(
    (await bare.run<{ zeroCopy: boolean }>("return cenote.exchangeStats()")).zeroCopy,
    false,
  );
  await bare.end();
});
