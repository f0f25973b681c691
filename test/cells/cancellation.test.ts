// Awaits of a cell that can be cancelled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Interrupted } from "../../kernel/src/base/index.ts";
import { Cancellation } from "../../kernel/src/cells/cancellation.ts";

test("what is not cancelled is as it was", async () => {
  const cancellation = new Cancellation();
  assert.equal(await cancellation.wait(5), 5);
  assert.equal(await cancellation.wait(Promise.resolve("x")), "x");
  await assert.rejects(
    async () => cancellation.wait(Promise.reject(new TypeError("t"))),
    TypeError,
  );
  const seen: unknown[] = [];
  for await (const x of cancellation.each([1, Promise.resolve(2)])) seen.push(x);
  assert.deepEqual(seen, [1, 2]);
});

test("a pending await is rejected, and every later one", async () => {
  const cancellation = new Cancellation();
  const pending = cancellation.wait(new Promise(() => {}));
  cancellation.cancel();
  await assert.rejects(pending as Promise<unknown>, Interrupted);
  for (let i = 0; i < 10; i++) assert.throws(() => cancellation.wait(1), Interrupted);
  // A loop that swallows them all is left waiting.
  const parked = cancellation.wait(1) as Promise<unknown>;
  assert.equal(await Promise.race([parked, new Promise((r) => setImmediate(r, "free"))]), "free");
});

test("a cancelled cell holds nothing of what it awaited", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const cancellation = new Cancellation();
  const awaited = await (async () => {
    const value = {};
    await cancellation.wait(Promise.resolve(value));
    return new WeakRef(value);
  })();
  cancellation.cancel();
  await new Promise(setImmediate);
  collect();
  assert.equal(awaited.deref(), undefined);
  assert.throws(() => cancellation.wait(1), Interrupted);
});

test("a loop that is left closes its iterator", async () => {
  let closed = 0;
  async function* numbers() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed++;
    }
  }
  for await (const x of new Cancellation().each(numbers())) if (x === 3) break;
  assert.equal(closed, 1);
});
