// The thread that knows the types, as the wire uses it: questions go before checks, and a thread that dies
// costs answers, never a cell.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ExecuteJob, TypedCompletion } from "../../kernel/src/base/index.ts";
import { CellTypes } from "../../kernel/src/wire/cell-types.ts";
import { TypesClient } from "../../kernel/src/wire/index.ts";

const folder = mkdtempSync(join(tmpdir(), "cenote-types-"));
after(() => rmSync(folder, { recursive: true }));
const source = (path: string) => new URL(`../../kernel/src/${path}`, import.meta.url);
const client = (entry: string) =>
  new TypesClient({ entry: source(entry), folder, api: fileURLToPath(source("api/index.ts")) });
const THREAD = "language/service/thread.ts";

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The thread alone must not end the test. */
const alive = setInterval(() => {}, 1000);
after(() => clearInterval(alive));

test("cells that ran before the thread was started are known; questions go before checks", async () => {
  const types = client(THREAD);
  types.add({ id: 1, executionCount: 1, code: "const early = { member: 1 };" });
  assert.equal(types.started, false);
  assert.equal(await types.complete("early.", 6), undefined, "not before it is warm");
  await until(() => types.warm);
  // Later than after 0.7 s the answer is nobody's: then it is asked for again.
  let completed: TypedCompletion | undefined;
  while (!completed) completed = await types.complete("early.", 6);
  assert.deepEqual(completed.matches, ["member"]);
  assert.equal((await types.inspect("nothing", 3)) ?? undefined, undefined);

  const ids = Array.from({ length: 400 }, (_, i) => i + 10);
  for (const id of ids) {
    const code = `const value${id}: number = early.member + '${id}'.length; value${id}.nothing`;
    types.add({ id, executionCount: id, code });
  }
  const order: string[] = [];
  const check = types.check(ids).then((reports) => {
    order.push("check");
    return reports;
  });
  await types.inspect("early", 2).then(() => order.push("inspect"));
  const reports = await check;
  assert.deepEqual(order, ["inspect", "check"]);
  assert.equal(reports?.length, 400);
  assert.ok(reports?.every(({ errors }) => errors === 1));
});

test("a thread that can't run leaves cells alone", async () => {
  const types = client("language/service/no-such-thread.ts");
  const printed: string[] = [];
  const cells = new CellTypes(
    {
      client: types,
      display: () => assert.fail("there is nothing to show"),
      print: (_, text) => printed.push(text),
      living: async () => [],
    },
    { CENOTE_TYPES: "strict" },
  );
  const job: ExecuteJob = {
    type: "execute",
    request: 1,
    code: "const x: number = 'x'",
    silent: false,
    executionCount: 1,
    userExpressions: {},
    allowStdin: false,
  };
  for (let i = 0; i < 6; i++) {
    const verdict = await cells.admit(job, true);
    assert.ok("job" in verdict && verdict.job === job);
  }
  assert.ok(types.failed);
  assert.match(printed[0]!, /runs unchecked/);
  assert.equal(await types.complete("x.", 2), undefined);
  assert.equal(await types.check([1]), undefined);
});
