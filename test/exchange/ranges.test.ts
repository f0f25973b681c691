import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PAGE, pageAlign, Ranges } from "../../kernel/src/exchange/ranges.ts";

test("ranges that are taken never overlap, and all of them come back as one", () => {
  const step = fc.record({
    take: fc.boolean(),
    pages: fc.integer({ min: 1, max: 20 }),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ranges = new Ranges(64 * PAGE);
      const taken: { offset: number; bytes: number }[] = [];
      for (const { take, pages, which } of steps) {
        if (take) {
          const bytes = pages * PAGE;
          const offset = ranges.take(bytes);
          if (offset === undefined) continue;
          assert.ok(offset >= 0 && offset + bytes <= ranges.bytes && offset % PAGE === 0);
          for (const other of taken) {
            assert.ok(offset + bytes <= other.offset || other.offset + other.bytes <= offset);
          }
          taken.push({ offset, bytes });
        } else if (taken.length > 0) {
          const [range] = taken.splice(which % taken.length, 1);
          ranges.giveBack(range!.offset, range!.bytes);
        }
      }
      for (const { offset, bytes } of taken) ranges.giveBack(offset, bytes);
      assert.ok(ranges.empty);
      assert.equal(ranges.take(64 * PAGE), 0);
    }),
  );
});

test("a range that fits exactly, and one that does not fit", () => {
  const ranges = new Ranges(4 * PAGE);
  assert.equal(ranges.take(3 * PAGE), 0);
  assert.equal(ranges.take(2 * PAGE), undefined);
  assert.equal(ranges.take(PAGE), 3 * PAGE);
  assert.equal(ranges.take(PAGE), undefined);
});

test("sizes are whole pages", () => {
  assert.deepEqual([0, 1, PAGE, PAGE + 1].map(pageAlign), [PAGE, PAGE, PAGE, 2 * PAGE]);
});
