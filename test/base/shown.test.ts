// Values in error messages: one short line of whatever it is, in Node and in pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../../kernel/src/base/index.ts";

const fails = () => {
  throw new Error("read");
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const AWKWARD: unknown[] = [
  revoked.proxy,
  Object.create(new Proxy({}, { get: fails, getPrototypeOf: fails })),
  Object.defineProperty(new Error("x"), "stack", { get: fails }),
  Object.defineProperty({}, Symbol.toStringTag, { get: fails }),
  Object.create(null),
  new Error("with\nlines"),
  new Float64Array(1000),
  "😀".repeat(100),
  Symbol("name"),
];

test("whatever it is becomes one short line", () => {
  for (const value of AWKWARD) assert.match(shown(value), /^.{1,60}$/);
  assert.equal(shown("a b"), '"a b"');
  assert.equal(shown([1, 2]), "[ 1, 2 ]");
});

test("a page without Node has it too, whatever else calls itself `process` there", async () => {
  const { process } = globalThis;
  const pages = [undefined, { env: {} }];
  for (const [i, found] of pages.entries()) {
    let page: { shown: typeof shown };
    try {
      globalThis.process = found as typeof process;
      page = await import(`../../kernel/src/base/shown.ts?${i}`);
    } finally {
      globalThis.process = process;
    }
    assert.equal(page.shown(-5), "-5");
    assert.equal(page.shown(Object.create(null)), "object");
  }
});
