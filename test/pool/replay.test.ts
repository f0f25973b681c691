import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { CenoteError } from "../../kernel/src/base/index.ts";
import {
  measure,
  POLICIES,
  PoolPolicy,
  parseTrace,
  TraceParser,
} from "../../kernel/src/pool/index.ts";

const HEADER = "t,op,id,bytes,tag";
const trace = (...rows: string[]) => parseTrace([HEADER, ...rows].join("\n"), "test.csv");

/** Steps that look like training: weights stay, activations of odd sizes pile up and end backwards. */
function training(iterations: number): string[] {
  const rows: string[] = [];
  let id = 0;
  for (let i = 0; i < 20; i++) rows.push(`0,alloc,${id++},${1000 + i * 7001},init`);
  for (let n = 0; n < iterations; n++) {
    const acts: number[] = [];
    for (let i = 0; i < 60; i++) {
      rows.push(`1,alloc,${id},${(i % 9) * 12345 + 777},fwd`);
      acts.push(id++);
    }
    for (const act of acts.reverse()) {
      rows.push(`2,alloc,${id},5000,bwd`, `2,free,${act},0,bwd`, `2,free,${id++},0,bwd`);
    }
  }
  return rows;
}

describe("traces", () => {
  test("are read with sizes, pairs and frees from before", () => {
    const read = trace("1,alloc,7,1000,a", "2,free,3,0,a", "3,free,7,,a", "4,alloc,7,5,b", "");
    assert.deepEqual([...read.alloc], [1, 0, 1]);
    assert.deepEqual([...read.slot], [0, 0, 1]);
    assert.deepEqual([...read.bytes], [1000, 1000, 5]);
    assert.equal(read.unmatchedFrees, 1);
  });

  test("come in pieces, cut anywhere, with columns in any order, quotes and a byte order mark", () => {
    const text =
      '\uFEFFtag,bytes,id,op\r\n"a, ""b""",1024.0,7,alloc\r\n\n# note\n,,7,free\nx,3,0x7,alloc';
    const whole = parseTrace(text);
    assert.deepEqual([...whole.bytes], [1024, 1024, 3]);
    assert.deepEqual([...whole.alloc], [1, 0, 1]);
    for (let size = 1; size < text.length; size++) {
      const parser = new TraceParser("pieces");
      for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
      assert.deepEqual(parser.done(), whole);
    }
  });

  test("of more operations than the first columns hold are whole", () => {
    const rows = Array.from({ length: 5000 }, (_, i) => [`0,alloc,${i},${i},t`, `0,free,${i},,t`]);
    const read = trace(...rows.flat());
    assert.deepEqual([read.length, read.slots], [10_000, 5000]);
    assert.deepEqual([read.bytes[9998], read.bytes[9999], read.slot[9999]], [4999, 4999, 4999]);
  });

  test("RMM's logs are read too", () => {
    const text =
      "Thread,Time,Action,Pointer,Size,Stream\n" +
      "1,10:00:00,allocate,0x7f00,512,0x0\n1,10:00:01,allocate failure,0x0,99,0x0\n" +
      "1,10:00:02,free,0x7f00,512,0x0\r\n1,10:00:03,allocate,0x7f00,256,0x0\n";
    const read = parseTrace(text);
    assert.deepEqual([...read.bytes], [512, 512, 256]);
  });

  for (const [name, rows, wanted] of [
    [
      "an unknown operation",
      ["1,grow,1,5,x"],
      /line 2: wanted the operation alloc or free, found "grow"/,
    ],
    ["a size that is none", ["1,alloc,1,many,x"], /line 2: wanted a size .* found "many"/],
    ["a size below 0", ["1,alloc,1,-4,x"], /line 2: wanted a size/],
    ["an id that is live", ["1,alloc,1,4,x", "2,alloc,1,4,x"], /line 3: 1 is allocated although/],
    ["a row that is cut off", ["1,alloc"], /line 2: wanted an id/],
  ] as const) {
    test(`${name} is told with its line`, () => {
      assert.throws(
        () => trace(...rows),
        (error: unknown) => {
          assert.ok(error instanceof CenoteError);
          assert.equal(error.code, "BAD_TRACE");
          assert.match(error.message, wanted);
          return true;
        },
      );
    });
  }

  test("a file without the header is refused", () => {
    assert.throws(() => parseTrace("a,b\n1,2", "x.csv"), /x\.csv: wanted a header/);
    assert.throws(() => parseTrace("", "x.csv"), /found an empty file/);
  });
});

describe("policies", () => {
  const small = trace("1,alloc,a,300,x", "2,alloc,b,700,x", "3,free,a,0,x", "4,alloc,c,512,x");

  // Reserved bytes reckoned by hand from what each policy is.
  for (const [name, reserved] of [
    ["direct", 512 + 768],
    ["exact", 300 + 700 + 512],
    ["power-of-two", 512 + 1024],
    ["caching", 2 ** 21],
    ["best-fit", 2 ** 26],
    ["pool", 2 ** 14],
  ] as const) {
    test(`${name} reserves what it should`, () => {
      const report = measure(small, POLICIES[name]!.make({}));
      assert.equal(report.peakLiveBytes, 700 + 512);
      assert.equal(report.peakReservedBytes, reserved);
      assert.equal(report.efficiency, (700 + 512) / reserved);
      assert.equal(report.ops, 4);
      assert.equal(report.failures, 0);
    });
  }

  test("the pool packs steps of training well, and better than slabs of one size", () => {
    const steps = trace(...training(5));
    const [pool, fixed] = ["pool", "best-fit"].map((name) =>
      measure(steps, POLICIES[name]!.make({})),
    );
    assert.ok(pool!.efficiency >= 0.85, `efficiency ${pool!.efficiency}`);
    assert.ok(pool!.efficiency > fixed!.efficiency);
  });

  test("what does not fit the budget counts as a failure, and the rest is served", () => {
    const policy = new PoolPolicy("pool", { budget: "1 MiB" });
    const report = measure(
      trace("1,alloc,a,2000000,x", "2,alloc,b,1000,x", "3,free,a,0,x"),
      policy,
    );
    assert.equal(report.failures, 1);
    assert.equal(report.peakLiveBytes, 1000);
    assert.equal(policy.pool.stats().liveBlocks, 1);
    policy.close();
  });
});

describe("npx cenote replay", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cenote-replay-"));
  after(() => rm(folder, { recursive: true }));
  const file = join(folder, "steps.csv.gz");
  await writeFile(file, gzipSync([HEADER, ...training(2)].join("\n")));
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["kernel/src/cli/index.ts", "replay", ...args]);

  test("prints the fields as JSON", async () => {
    const { stdout } = await cli(file, "--json", "--slab", "1MiB");
    const report = JSON.parse(stdout);
    assert.deepEqual(Object.keys(report).slice(0, 8), [
      "policy",
      "ops",
      "peakLiveBytes",
      "peakReservedBytes",
      "efficiency",
      "nsPerOp",
      "movedBytes",
      "failures",
    ]);
    assert.equal(report.ops, 20 + 2 * 60 * 4);
    assert.equal(report.peakReservedBytes % 2 ** 20, 0);
    assert.ok(report.nsPerOp > 0);
  });

  test("says what is wrong on standard error, with exit status 2", async () => {
    for (const [args, wanted] of [
      [[file, "--policy", "best"], /there is no policy best[\s\S]*power-of-two/],
      [[file, "--policy", "toString"], /there is no policy toString/],
      [[file, "--budget", `${"9".repeat(400)} KiB`], /wanted a size/],
      [[file, "--policy", "exact", "--slab", "4"], /neither --slab nor --budget/],
      [[join(folder, "none.csv")], /can't be read/],
      [[], /wanted one file/],
      [[file, "--wrong"], /--wrong/],
    ] as const) {
      await assert.rejects(cli(...args), (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 2);
        assert.match(error.stderr, wanted);
        assert.doesNotMatch(error.stderr, /at .*\.ts/);
        return true;
      });
    }
  });

  test("exits with 1 when allocations failed", async () => {
    await assert.rejects(
      cli(file, "--budget", "64KiB", "--json"),
      (error: { code: number; stdout: string }) => {
        assert.equal(error.code, 1);
        assert.ok(JSON.parse(error.stdout).failures > 0);
        return true;
      },
    );
  });
});
