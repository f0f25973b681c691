// What pages ask of the pool, from the wire's gate to what is done: versions, a busy kernel, requests that come
// to their turn too late, exports that never write over a file.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, mock, test } from "node:test";
import {
  ACTION_BEGINS_MS,
  ACTIONS_TARGET,
  ACTIONS_VERSION,
  type ActionAnswer,
  type ActionRequest,
  type ActionsReady,
  COUNTER,
  type Comm,
  type CommEvent,
  connectComms,
  openBooks,
} from "../../kernel/src/base/index.ts";
import { ActionGate } from "../../kernel/src/wire/index.ts";

type Answer = ActionAnswer | ActionsReady;

const folder = mkdtempSync(join(tmpdir(), "cenote-actions-"));
const home = process.cwd();
let opened: ((comm: Comm, data: unknown) => void) | undefined;

before(async () => {
  process.chdir(folder);
  connectComms({
    open: () => assert.fail("the kernel opens none"),
    serve: (target, serve) => {
      if (target === ACTIONS_TARGET) opened = serve;
    },
  });
  // What a cell imports; it serves pages from then on.
  const { pool } = await import("../../kernel/src/api/index.ts");
  await pool.open();
});

after(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  mock.timers.reset();
});

/** A gate before the real actions. `hold`: what it lets through waits until `deliver` is called. */
function page(v: unknown, { isBusy = false, isUsed = true } = {}) {
  const answers: Answer[] = [];
  const held: CommEvent[] = [];
  const books = openBooks();
  books.counters[COUNTER.budget] = isUsed ? 1 : 0;
  const comm = { send: (answer: Answer) => answers.push(answer) } as unknown as Comm;
  const gate = new ActionGate({
    books,
    busy: () => isBusy,
    forward: (event) => held.push(event),
    answer: (_, answer) => answers.push(answer),
  });
  gate.open("a", { v });
  const deliver = () => {
    for (const { kind, data } of held.splice(0)) {
      if (kind === "open") opened!(comm, data);
      else comm.onMessage!(data, []);
    }
  };
  const say = (data: unknown) => gate.message("a", data);
  const ask = (request: ActionRequest) => say(request);
  const answered = async (id: number) => {
    for (;;) {
      const found = answers.find((answer) => "id" in answer && answer.id === id);
      if (found) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { answers, held, say, ask, deliver, answered };
}

test("the kernel says its version at once, and a page of another one is refused", async () => {
  for (const found of [undefined, ACTIONS_VERSION - 1, ACTIONS_VERSION + 1]) {
    const { answers, ask } = page(found);
    ask({ id: 1, kind: "free-leaks" });
    assert.deepEqual(answers, [
      { kind: "ready", v: ACTIONS_VERSION },
      { id: 1, kind: "mismatch", v: ACTIONS_VERSION },
    ]);
  }
});

test("a busy kernel, and one that never used the pool, answer at once", () => {
  const busy = page(ACTIONS_VERSION, { isBusy: true });
  busy.ask({ id: 1, kind: "trim" });
  assert.deepEqual(busy.answers.at(-1), { id: 1, kind: "busy" });
  const unused = page(ACTIONS_VERSION, { isUsed: false });
  unused.ask({ id: 1, kind: "trim" });
  assert.deepEqual(unused.answers.at(-1), { id: 1, kind: "unused" });
});

test("what is no request is passed over, and the next one is answered", () => {
  const { answers, held, say, ask } = page(ACTIONS_VERSION, { isBusy: true });
  for (const data of [undefined, null, 7, "trim", [], {}, { id: "1", kind: "trim" }]) say(data);
  assert.deepEqual([answers.length, held.length], [1, 0]);
  ask({ id: 2, kind: "trim" });
  assert.deepEqual(answers.at(-1), { id: 2, kind: "busy" });
});

test("what could not be begun in time is left undone", async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const { ask, deliver, answered } = page(ACTIONS_VERSION);
  ask({ id: 1, kind: "trim" });
  mock.timers.tick(ACTION_BEGINS_MS);
  deliver();
  assert.equal((await answered(1)).kind, "done");
  ask({ id: 2, kind: "free-leaks" });
  mock.timers.tick(ACTION_BEGINS_MS + 1);
  deliver();
  assert.deepEqual(await answered(2), { id: 2, kind: "late" });
});

test("exports of one moment are files of their own", async () => {
  const { ask, deliver, answered } = page(ACTIONS_VERSION);
  for (const id of [1, 2, 3]) ask({ id, kind: "export", format: "json" });
  deliver();
  const files = await Promise.all([1, 2, 3].map(answered));
  const names = files.map((answer) => (answer.kind === "done" ? answer.file : answer));
  assert.deepEqual([...new Set(names)].toSorted(), readdirSync(folder).toSorted());
  assert.equal(readdirSync(folder).length, 3);
  for (const name of readdirSync(folder)) JSON.parse(readFileSync(name, "utf8"));
});
