import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CenoteError, formatBytes, parseBytes } from "../../kernel/src/base/index.ts";

test("sizes are written in binary units", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1536), "1.5 KiB");
  assert.equal(formatBytes(64 * 2 ** 20), "64 MiB");
  assert.equal(formatBytes(-(2 ** 31)), "-2 GiB");
});

test("sizes are read in binary and decimal units", () => {
  assert.equal(parseBytes("256 MiB"), 256 * 2 ** 20);
  assert.equal(parseBytes("4GB"), 4e9);
  assert.equal(parseBytes(" 1.5 gib "), 1.5 * 2 ** 30);
  assert.equal(parseBytes("17"), 17);
  assert.equal(parseBytes(12.9), 12);
});

test("what is not a size is refused, and the message says what is wanted", () => {
  for (const bad of [
    "",
    "lots",
    "-1 B",
    "1 XB",
    "9".repeat(400),
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.throws(
      () => parseBytes(bad),
      (error) => error instanceof CenoteError && error.code === "BAD_SIZE" && !!error.mend,
    );
  }
});

test("any size comes back within the three digits that are written", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => {
      const back = parseBytes(formatBytes(bytes));
      assert.ok(Math.abs(back - bytes) <= bytes * 0.05 + 0.5, `${bytes} came back as ${back}`);
    }),
  );
});
