// Objects of more than 4 GiB, both ways. Their pages are not written, so that the test takes none.
import assert from "node:assert/strict";
import { freemem } from "node:os";
import { after, test } from "node:test";
import { allocate, exchangeStats, get, put, release } from "../../kernel/src/exchange/index.ts";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

const ROWS = 4.5 * 2 ** 27; // of eight bytes
const skip = freemem() < ROWS * 8 && "an arena of 4.5 GiB is refused where there is no room for it";

test("from TypeScript to Python", { skip }, async () => {
  const array = await allocate(ROWS, "float64");
  array[0] = 1.5;
  array[ROWS - 1] = 2.5;
  await put("large", array);
  const python = Remote.python();
  const seen = await python.run(`
t = cenote.get("large")
answer = [len(t), t["values"][0].as_py(), t["values"][-1].as_py(), cenote.stats()["copies"]]`);
  assert.deepEqual(seen, [ROWS, 1.5, 2.5, 0]);
  await python.end();
});

test("from Python to TypeScript", { skip }, async () => {
  const python = Remote.python();
  await python.run(`
a = cenote.empty(${ROWS}, "float64")
a[0], a[-1] = 3.5, 4.5
cenote.put("large", a)`);
  const table = await get("large");
  const column = table.getChild("values")!;
  assert.deepEqual([table.numRows, column.get(0), column.get(ROWS - 1)], [ROWS, 3.5, 4.5]);
  assert.equal((await exchangeStats()).copies, 0);
  await release(table);
  await python.end();
});
