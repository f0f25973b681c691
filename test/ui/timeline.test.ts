// The timeline's store, its axis, and its reduction to columns.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { envelope, niceCeiling } from "../../extension/src/model/envelope.ts";
import { GAP_MS, Timeline } from "../../extension/src/model/timeline.ts";

const samples = (...rows: [time: number, live: number, reserved?: number][]) =>
  new Float64Array(
    rows.flatMap(([time, live, reserved = live]) => [time, live, reserved, live, 0, 0]),
  );

test("a sample holds until the next", () => {
  const line = new Timeline();
  line.add(samples([100, 5], [200, 7]));
  assert.equal(line.at(99), undefined);
  assert.equal(line.at(100)?.live, 5);
  assert.equal(line.at(199)?.live, 5);
  assert.equal(line.at(200)?.live, 7);
  assert.equal(line.at(9e9)?.live, 7);
});

test("samples that come again replace those that we hold", () => {
  const line = new Timeline();
  line.add(samples([100, 1], [200, 2], [300, 3]));
  line.add(samples([200, 20], [400, 40]));
  assert.equal(line.length, 3);
  assert.deepEqual([...line.live.subarray(0, 3)], [1, 20, 40]);
  line.add(new Float64Array(0));
  assert.equal(line.length, 3);
});

test("append takes only what is newer", () => {
  const line = new Timeline();
  line.append(samples([100, 1], [200, 2]));
  line.append(samples([50, 9], [200, 9], [300, 3]));
  assert.deepEqual([...line.live.subarray(0, line.length)], [1, 2, 3]);
});

test("a long wait takes GAP_MS on the axis, a short one its own time", () => {
  const line = new Timeline();
  line.add(samples([0, 1], [1000, 2], [601_000, 3]));
  assert.equal(line.place[1]! - line.place[0]!, 1000);
  assert.equal(line.place[2]! - line.place[1]!, GAP_MS);
  assert.equal(line.placeOf(601_000 + 10 * GAP_MS) - line.place[2]!, GAP_MS);
});

test("places and times are inverse and keep their order", () => {
  const waits = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(waits, fc.double({ min: 0, max: 1, noNaN: true }), (steps, share) => {
      const line = new Timeline();
      let time = 1e6;
      for (const step of steps) line.add(samples([(time += step), 1]));
      const first = line.time[0]!;
      const asked = first + share * (time - first);
      assert.ok(Math.abs(line.timeOf(line.placeOf(asked)) - asked) < 1e-3);
      assert.ok(line.placeOf(asked) <= line.placeOf(time));
      assert.ok(line.placeOf(asked) >= line.placeOf(first));
    }),
  );
});

test("however much comes, the store stays bounded and keeps the highest and the lowest sample", () => {
  const values = fc.array(fc.nat(1e6), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(values, (lives) => {
      const line = new Timeline(32);
      lives.forEach((live, i) => {
        line.add(samples([i * 10, live]));
      });
      assert.ok(line.length <= 32);
      assert.equal(line.length + line.merged, lives.length);
      const kept = [...line.live.subarray(0, line.length)];
      assert.equal(Math.max(...kept), Math.max(...lives));
      assert.equal(Math.min(...kept), Math.min(...lives));
      const times = [...line.time.subarray(0, line.length)];
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
    }),
  );
});

test("the envelope is what a look at every sample would give", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.nat(1000)), {
    minLength: 1,
    maxLength: 80,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60 }), (rows, columns) => {
      const line = new Timeline();
      let time = 0;
      for (const [wait, live] of rows) line.add(samples([(time += wait), live, live * 2]));
      const from = line.place[0]! - 50;
      const to = line.place[line.length - 1]! + 50;
      const got = envelope(line, from, to, columns);
      const width = (to - from) / columns;
      for (let c = 0; c < columns; c++) {
        const [start, stop] = [from + c * width, from + (c + 1) * width];
        const inside = [...line.place.subarray(0, line.length).keys()].filter(
          (i) =>
            line.place[i]! < stop && (i + 1 === line.length || line.place[i + 1]! > start - 1e-9),
        );
        const live = inside.map((i) => line.live[i]!);
        if (live.length === 0) assert.ok(Number.isNaN(got.highLive[c]!));
        else {
          assert.ok(got.highLive[c]! <= Math.max(...live));
          const strictly = inside.filter((i) => line.place[i]! > start + 1e-9);
          for (const i of strictly) {
            assert.ok(got.highLive[c]! >= line.live[i]!);
            assert.ok(got.lowLive[c]! <= line.live[i]!);
            assert.ok(got.highReserved[c]! >= line.reserved[i]!);
          }
        }
      }
    }),
  );
});

test("a peak of one sample among thousands is seen in its column", () => {
  const line = new Timeline();
  for (let i = 0; i < 10_000; i++) line.add(samples([i, i === 5003 ? 999 : 10]));
  const { highLive, most } = envelope(line, 0, 10_000, 100);
  assert.equal(highLive[50], 999);
  assert.equal(highLive[49], 10);
  assert.equal(most, 999);
});

test("nothing is drawn after the newest moment that is known", () => {
  const line = new Timeline();
  line.add(samples([0, 5], [100, 6]));
  const { highLive } = envelope(line, 0, 200, 20, 100);
  assert.equal(highLive[10], 6);
  assert.ok(Number.isNaN(highLive[11]!));
});

test("an axis ends at a round number of bytes", () => {
  assert.equal(niceCeiling(0), 1024);
  assert.equal(niceCeiling(1025), 1280);
  assert.equal(niceCeiling(100 * 2 ** 20), 112 * 2 ** 20);
  assert.equal(niceCeiling(2 ** 20), 2 ** 20);
  assert.equal(niceCeiling(2 ** 20 - 1), 2 ** 20);
});
