// Completion and inspection against the real inspector of this very process.
import assert from "node:assert/strict";
import { Session } from "node:inspector";
import { after, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  complete,
  type InspectorSession,
  inspectAt,
  LiveValues,
  looks,
  RUNTIME,
} from "../../kernel/src/language/index.ts";

const session = new Session();
session.connect();
after(() => session.disconnect());
const inspector: InspectorSession = {
  post: (method, params, done) =>
    session.post(method, params, (error, answer) => done(error, answer as Record<string, unknown>)),
};
const live = new LiveValues(inspector, () => undefined);

let touched = 0;
Object.assign(globalThis, {
  [RUNTIME]: looks,
  sample: {
    plain: { inner: "text" },
    get effect() {
      touched++;
      return { hidden: 1 };
    },
  },
  trap: new Proxy({}, { has: () => touched++ > 0, get: () => touched++ }),
});

const names = async (code: string) => (await complete(live, code, [...code].length)).matches;

test("properties of values, along a path", async () => {
  assert.deepEqual((await names("sample.")).slice(0, 2), ["effect", "plain"]);
  assert.deepEqual(await names("f(sample.plain.inn"), ["inner"]);
  assert.ok((await names("sample.plain.inner.toUp")).includes("toUpperCase"));
  assert.ok((await names("sample?.plain?.inner.le")).includes("length"));
});

test("nothing of the user's runs: getters and proxies are left alone", async () => {
  assert.deepEqual(await names("sample.effect."), []);
  assert.deepEqual(await names("trap."), []);
  assert.equal(touched, 0);
});

test("no names after what isn't a name", async () => {
  assert.deepEqual(await names("f()."), []);
  assert.deepEqual(await names("1."), []);
  assert.deepEqual(await names("missing.pro"), []);
});

test("what a look throws is not kept", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let thrown: WeakRef<object> | undefined;
  const get = () => {
    const error = new Error();
    thrown = new WeakRef(error);
    throw error;
  };
  Object.defineProperty(globalThis, "failing", { get, configurable: true });
  assert.equal(await live.describe("failing", [], 0), undefined);
  for (let turn = 0; turn < 100 && thrown?.deref(); turn++) {
    await new Promise(setImmediate);
    collect();
  }
  assert.ok(thrown && !thrown.deref());
});

test("inspection says what a value is", async () => {
  const at = async (code: string, cursor: number) => inspectAt(live, code, cursor, 0);
  assert.match(JSON.stringify(await at("sample.plain", 10)), /inner/);
  assert.match(JSON.stringify(await at("JSON.parse('x", 12)), /parse/);
  assert.equal((await at("missing", 3))["found"], false);
});

test("nothing is looked at while an interrupt is under way", async () => {
  const over = Promise.withResolvers<void>();
  let interrupt: Promise<void> | undefined = over.promise;
  const posted: string[] = [];
  const waiting = new LiveValues(
    {
      post: (method, params, done) => {
        posted.push(method);
        inspector.post(method, params, done);
      },
    },
    () => interrupt,
  );
  const names = waiting.properties("sample", ["plain"]);
  await new Promise(setImmediate);
  assert.equal(posted.length, 0);
  interrupt = undefined;
  over.resolve();
  assert.ok((await names)?.some(({ name }) => name === "inner"));
  assert.ok(posted.includes("Runtime.evaluate"));
});

test("nothing is offered inside strings and comments", async () => {
  const offered = async (code: string) => (await complete(live, code, code.length)).matches.length;
  for (const code of [
    "import 'no",
    'f("a", "glo',
    "`text glo",
    "// glo",
    "1 /* glo",
    "'it\\'s glo",
  ]) {
    assert.equal(await offered(code), 0, code);
  }
  for (const code of [
    "'a' + glo",
    "`${glo",
    "// done\nglo",
    "/* a */ glo",
    '"it\'s"; glo',
    "a / glo",
  ]) {
    assert.ok((await offered(code)) > 0, code);
  }
});
