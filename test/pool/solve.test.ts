import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { fault, type Problem, peakLoad, solve } from "../../kernel/src/pool/index.ts";

type Buffer = [lower: number, upper: number, size: number];

function problem(buffers: readonly Buffer[]): Problem {
  const column = (at: 0 | 1 | 2) => Float64Array.from(buffers, (buffer) => buffer[at]);
  return { count: buffers.length, lower: column(0), upper: column(1), size: column(2) };
}

/**
 * A problem that fits into `capacity` without a byte to spare: a rectangle of time and space, cut again
 * and again, across time or across space.
 */
function cutRectangle(
  capacity: number,
  time: number,
  cuts: number,
  random: () => number,
): Buffer[] {
  let pieces: [lower: number, upper: number, from: number, to: number][] = [[0, time, 0, capacity]];
  for (let n = 0; n < cuts; n++) {
    const at = Math.floor(random() * pieces.length);
    const [lower, upper, from, to] = pieces[at]!;
    const acrossTime = random() < 0.5;
    const width = acrossTime ? upper - lower : to - from;
    if (width < 2) continue;
    const cut = 1 + Math.floor(random() * (width - 1));
    const halves: typeof pieces = acrossTime
      ? [
          [lower, lower + cut, from, to],
          [lower + cut, upper, from, to],
        ]
      : [
          [lower, upper, from, from + cut],
          [lower, upper, from + cut, to],
        ];
    pieces = [...pieces.slice(0, at), ...halves, ...pieces.slice(at + 1)];
  }
  return pieces.map(([lower, upper, from, to]): Buffer => [lower, upper, to - from]).sort();
}

describe("the judge", () => {
  const two = problem([
    [0, 2, 10],
    [1, 3, 10],
  ]);
  for (const [name, offset, capacity, wanted] of [
    ["an overlap", [0, 9], 100, /0 and 1 overlap/],
    ["an overlap the other way", [9, 0], 100, /1 and 0 overlap|0 and 1 overlap/],
    ["the same place", [5, 5], 100, /overlap/],
    ["an end beyond the capacity", [0, 10], 19, /buffer 1 ends at 20 of 19/],
    ["an offset below 0", [-1, 10], 100, /offset -1/],
    ["an offset that is no number", [Number.NaN, 10], 100, /offset NaN/],
    ["a missing offset", [0], 100, /1 offsets for 2 buffers/],
  ] as const) {
    test(`finds ${name}`, () => assert.match(fault(two, offset, capacity) ?? "", wanted));
  }

  test("accepts what is right, and buffers that only touch", () => {
    assert.equal(fault(two, [0, 10], 20), undefined);
    assert.equal(
      fault(
        problem([
          [0, 2, 10],
          [2, 3, 10],
        ]),
        [0, 0],
        10,
      ),
      undefined,
    );
  });
});

describe("the solver", () => {
  test("any problem is placed, no lower than its peak load", () => {
    const buffer = fc.tuple(fc.nat(40), fc.nat(12), fc.nat(50));
    fc.assert(
      fc.property(fc.array(buffer, { maxLength: 60 }), (buffers) => {
        const asked = problem(
          buffers.map(([lower, life, size]): Buffer => [lower, lower + life, size]),
        );
        const { offset, height } = solve(asked, { milliseconds: 5 });
        assert.equal(fault(asked, offset, height), undefined);
        assert.ok(height >= peakLoad(asked));
      }),
      { numRuns: 200 },
    );
  });

  test("problems without a byte to spare are placed within their peak load", () => {
    let state = 7;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    for (let n = 0; n < 20; n++) {
      const asked = problem(cutRectangle(1000, 100, 16, random));
      assert.equal(peakLoad(asked), 1000);
      const { offset, height } = solve(asked, { milliseconds: 20_000 });
      assert.equal(height, 1000, `problem ${n}`);
      assert.equal(fault(asked, offset, 1000), undefined);
    }
  });

  test("a capacity below the peak load ends at once, with the best there is", () => {
    const asked = problem([
      [0, 2, 10],
      [1, 3, 10],
    ]);
    const began = performance.now();
    assert.equal(solve(asked, { capacity: 15, milliseconds: 60_000 }).height, 20);
    assert.ok(performance.now() - began < 30_000, "it searched for what can't be");
  });

  test("nothing, empty buffers and empty lives take no room", () => {
    assert.equal(solve(problem([])).height, 0);
    const asked = problem([
      [0, 5, 0],
      [3, 3, 100],
      [0, 5, 7],
    ]);
    const { offset, height } = solve(asked);
    assert.equal(peakLoad(asked), 7);
    assert.equal(fault(asked, offset, height), undefined);
  });
});

describe("npx cenote plan", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cenote-plan-"));
  after(() => rm(folder, { recursive: true }));
  const file = join(folder, "problem.csv");
  await writeFile(file, "id,lower,upper,size\na,0,2,10\nb,1,3,20\nc,2,4,10\n");
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["kernel/src/cli/index.ts", "plan", ...args]);

  test("prints offsets as JSON and writes them to a file", async () => {
    const out = join(folder, "out.csv");
    const { stdout } = await cli(file, "--capacity", "30", "--json", "--out", out);
    const { height, placed, offsets } = JSON.parse(stdout);
    assert.deepEqual([height, placed], [30, true]);
    const lines = (await readFile(out, "utf8")).trim().split("\n");
    assert.equal(lines[0], "id,lower,upper,size,offset");
    assert.equal(lines[2], `b,1,3,20,${offsets.b}`);
    const asked = problem([
      [0, 2, 10],
      [1, 3, 20],
      [2, 4, 10],
    ]);
    assert.equal(fault(asked, [offsets.a, offsets.b, offsets.c], 30), undefined);
  });

  test("exits with 1 when the capacity is too small, with 2 when the input is wrong", async () => {
    const status =
      (wanted: number, text: RegExp) =>
      (error: { code: number; stderr: string; stdout: string }) => {
        assert.equal(error.code, wanted);
        assert.match(error.stdout + error.stderr, text);
        return true;
      };
    await assert.rejects(cli(file, "--capacity", "29"), status(1, /within 30 \(not 29\)/));
    const nowhere = join(folder, "none", "out.csv");
    await assert.rejects(
      cli(file, "--out", nowhere),
      status(2, /^cenote plan: .* can't be written/),
    );
    for (const [text, wanted] of [
      ["id,lower,size\n", /wanted a header/],
      ["id,lower,upper,size\na,0,x,3\n", /line 2: wanted a whole number .* for upper, found "x"/],
      ["id,lower,upper,size\na,5,4,3\n", /line 2: upper lies before lower/],
      ["id,lower,upper,size\na,5\n", /line 2: wanted a whole number/],
    ] as const) {
      const wrong = join(folder, "wrong.csv");
      await writeFile(wrong, text);
      await assert.rejects(cli(wrong, "--capacity", "29"), status(2, wanted));
    }
  });

  const problems = ["A", "B", "C", "D"].map(
    (name) => `../shared/traces/minimalloc/${name}.1048576.csv`,
  );
  test("minimalloc's problems are placed", {
    skip: !existsSync(problems[0]!) && "not on this machine",
  }, async () => {
    for (const path of problems) {
      const { stdout } = await cli(path, "--capacity", "1048576", "--json");
      assert.ok(JSON.parse(stdout).height <= 1048576, path);
    }
  });
});
