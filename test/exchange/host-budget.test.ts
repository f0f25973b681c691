// What is shared counts against the pool's budget of host memory, and spilled blocks against what may be shared.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { Arenas } from "../../kernel/src/exchange/arenas.ts";
import { limitHost } from "../../kernel/src/exchange/host-memory.ts";
import {
  allocate,
  get,
  put,
  release,
  remove,
  sharedBytes,
  writer,
} from "../../kernel/src/exchange/index.ts";
import { until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);
const MIB = 2 ** 20;
const none = { budget: 0, spilled: 0 };
afterEach(() => limitHost(() => none));

test("a put beyond the budget is refused with the figures, and goes through when there is room", async () => {
  let spilled = 0;
  limitHost(() => ({ budget: 8 * MIB, spilled }));
  await put("a", new Uint8Array(5 * MIB));
  assert.ok(sharedBytes() >= 5 * MIB);
  const refused = put("b", new Uint8Array(5 * MIB));
  await assert.rejects(refused, {
    code: "HOST_MEMORY",
    message:
      /wanted 5(\.\d)? MiB .* budget of 8 MiB are taken 5(\.\d)? MiB by what is shared, 0 B by the pool/,
  });
  await assert.rejects(get("b"), { code: "UNKNOWN_NAME" });
  spilled = 7 * MIB;
  await assert.rejects(put("a", new Uint8Array(1)), { message: /7 MiB by the pool/ });
  spilled = 0;
  await remove("a");
  await until("its range is free", async () => sharedBytes() === 0);
  await put("b", new Uint8Array(5 * MIB));
  await remove("b");
  await until("its range is free", async () => sharedBytes() === 0);
});

test("of what is made in place counts what was written, and what readers hold goes on counting", async () => {
  limitHost(() => ({ budget: 8 * MIB, spilled: 0 }));
  const out = await writer("w", { n: "uint8" });
  assert.ok(sharedBytes() < MIB, "4 GiB are reserved, nothing is written");
  out.write({ n: new Uint8Array(3 * MIB) });
  assert.ok(sharedBytes() >= 3 * MIB);
  await assert.rejects(allocate(6 * MIB, "uint8"), { code: "HOST_MEMORY" });
  assert.throws(() => out.write({ n: new Uint8Array(6 * MIB) }), { code: "HOST_MEMORY" });
  assert.equal(sharedBytes(), 0, "it has ended");
  const again = await writer("w", { n: "uint8" });
  again.write({ n: new Uint8Array(3 * MIB) });
  again.close();
  assert.ok(sharedBytes() >= 3 * MIB && sharedBytes() < 4 * MIB);
  const held = await get("w");
  await remove("w");
  assert.ok(sharedBytes() >= 3 * MIB);
  await release(held);
  await until("nothing is shared", async () => sharedBytes() === 0);
});

test("books of reserved ranges are even in the end, whatever is done with them", () => {
  const arenas = new Arenas(
    () => {},
    () => {},
    () => 2 ** 40,
  );
  const all = [1, 4096, 5000, 70 * MIB].map((bytes) => arenas.reserve(bytes));
  assert.equal(arenas.taken, 0);
  all[2]!.add(10, (target) => target.fill(1));
  assert.equal(arenas.taken, 10);
  const place = all[2]!.take();
  assert.equal(arenas.taken, 4096);
  arenas.giveBack(place);
  for (const one of [all[0]!, all[1]!, all[3]!]) one.giveUp();
  assert.deepEqual([arenas.taken, arenas.unwritten], [0, 0]);
});
