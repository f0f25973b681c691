// What snapshots are exported as, against a plain model of the pool's life, and `npx cenote export`.
// The pickle is read by Python in test_memory_viz.py.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  CenoteError,
  EVENT,
  OutOfPoolMemory,
  runInCell,
  writeClock,
  writeEvent,
} from "../../kernel/src/base/index.ts";
import { exportSnapshot } from "../../kernel/src/cli/export.ts";
import { readTrace } from "../../kernel/src/cli/read.ts";
import {
  PoolSnapshot,
  parseTrace,
  type SnapshotData,
  type Trace,
  traceOfSnapshot,
} from "../../kernel/src/pool/index.ts";
import { begin, deeds, live } from "./life.ts";

/** The operations of a trace, +bytes for an allocation and −bytes for a free. */
const signed = ({ alloc, bytes }: Trace) =>
  Array.from(alloc, (is, i) => (is === 1 ? bytes[i]! : -bytes[i]!) + 0);

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  pid: number;
  tid: number;
  cat?: string;
  id?: string;
  args?: Record<string, number | string | boolean>;
}

const perfetto = (of: PoolSnapshot): TraceEvent[] => JSON.parse(of.toPerfetto()).traceEvents;

/** The same as if the first events had been written over. */
function withoutFirst(data: SnapshotData, lost: number): SnapshotData {
  const columns = Object.entries(data.events).map(([name, of]) => [name, of.slice(lost)]);
  return { ...data, events: Object.fromEntries(columns), eventsLost: lost };
}

/** Throws unless the events are what the Trace Event Format asks for; returns the counters' last values. */
function checkTrace(events: TraceEvent[]): Record<string, number> {
  const open = new Map<string, TraceEvent>();
  const cells: string[] = [];
  let last = 0;
  let counters: Record<string, number> = {};
  for (const event of events) {
    const { ph, ts, cat, id, name } = event;
    assert.ok(Number.isFinite(ts) && ts >= 0 && Number.isInteger(event.pid * event.tid));
    assert.match(ph, /^[MCBEbein]$/);
    if (ph !== "B") assert.ok(ts >= last, `${name} goes back in time`);
    last = Math.max(last, ts);
    const key = `${cat} ${id}`;
    if ("ben".includes(ph)) assert.ok(cat && id, `${name} has no category or id`);
    if (ph === "b") {
      assert.ok(!open.has(key), `${key} begins twice`);
      open.set(key, event);
    } else if (ph === "e") {
      assert.equal(open.get(key)?.name, name);
      open.delete(key);
    } else if (ph === "n") assert.ok(open.has(key));
    else if (ph === "B") cells.push(name);
    else if (ph === "E") assert.equal(cells.pop(), name);
    else if (ph === "C") counters = event.args as Record<string, number>;
  }
  assert.deepEqual([[...open.keys()], cells], [[], []]);
  return counters;
}

describe("exports", () => {
  test("a trace, RMM's log and our JSON replay the very operations of the pool", () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const life = begin();
        for (const deed of list) live(life, deed);
        const snapshot = life.pool.snapshot();
        const wanted = life.operations.map((bytes) => bytes + 0);
        assert.deepEqual(signed(parseTrace(snapshot.toTrace())), wanted);
        assert.deepEqual(signed(parseTrace(snapshot.toRmmLog())), wanted);
        if (wanted.length > 0) {
          assert.deepEqual(signed(traceOfSnapshot(JSON.stringify(snapshot), "x")), wanted);
        }
        life.pool.close();
      }),
      { numRuns: 40 },
    );
  });

  test("Perfetto gets well-formed slices, and counters that end at the pool's figures", () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const life = begin();
        for (const deed of list) live(life, deed);
        const { live: bytes, requested, reserved } = life.pool.stats();
        const counters = checkTrace(perfetto(life.pool.snapshot()));
        if (life.operations.length > 0) {
          assert.deepEqual(counters, { live: bytes, requested, reserved, spilled: 0 });
        }
        life.pool.close();
      }),
      { numRuns: 40 },
    );
  });

  test("what was live before the oldest event comes first, wherever the events begin", () => {
    fc.assert(
      fc.property(deeds, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const life = begin();
        for (const deed of list) live(life, deed);
        const whole = life.pool.snapshot();
        const lost = Math.floor(share * whole.data.events.kind.length);
        const snapshot = new PoolSnapshot({ data: withoutFirst(whole.data, lost) });
        const { live: bytes, requested, reserved } = life.pool.stats();
        const trace = parseTrace(snapshot.toRmmLog());
        assert.equal(trace.unmatchedFrees, 0);
        const total = signed(trace).reduce((sum, change) => sum + change, 0);
        assert.equal(total, requested);
        const counters = checkTrace(perfetto(snapshot));
        if (list.some(([what]) => what === "alloc")) {
          assert.deepEqual(counters, { live: bytes, requested, reserved, spilled: 0 });
        }
        life.pool.close();
      }),
      { numRuns: 60 },
    );
  });

  test("cells, marks, failures and a spilled block are shown", () => {
    const life = begin();
    const { pool, books } = life;
    const event = (kind: number, id: number) => writeEvent(books, kind, id, 0, 0, 0, 0, id, 0, 0);
    writeClock(books);
    event(EVENT.cellEnd, 1); // its beginning is lost
    event(EVENT.cellBegin, 2);
    const block = runInCell(2, () => pool.allocate(1000, { tag: "acts" }));
    pool.mark("half-way");
    assert.throws(() => pool.allocate(2 ** 31, { tag: "much" }), OutOfPoolMemory);
    // As the ledger tells that a block leaves its slab, and ends while it is away.
    writeEvent(books, EVENT.spill, block.id, 1, 0, 4, 1000, 2, 0, 0);
    writeEvent(books, EVENT.free, block.id, 0, 0, 0, 0, 2, 0, 0);
    const events = perfetto(pool.snapshot());
    const counters = checkTrace(events);
    assert.deepEqual([counters["live"], counters["requested"], counters["spilled"]], [0, 0, 0]);
    const named = (ph: string) => events.flatMap((e) => (e.ph === ph ? [e.name] : []));
    assert.deepEqual(named("B"), ["cell [1]", "cell [2]"]);
    assert.deepEqual(named("i"), ["half-way", "out of memory"]);
    assert.deepEqual(named("n"), ["acts"]);
    const rmm = pool.snapshot().toRmmLog().split("\n");
    assert.match(rmm[1]!, /^0,\d\d:\d\d:\d\d:\d{6},allocate,0x1,1000,0x0$/);
    assert.match(rmm[2]!, /,allocate failure,0x0,2147483648,0x0$/);
    assert.match(rmm[3]!, /,free,0x1,1000,0x0$/);
  });

  test("tags with commas, quotes and line ends stay in their field", () => {
    const { pool } = begin();
    pool.allocate(10, { tag: 'a,"b"\nc' }).dispose();
    const text = pool.snapshot().toTrace();
    assert.equal(text.split("\n")[1]?.split(",").slice(1).join(","), 'alloc,1,10,"a,""b"" c"');
    assert.deepEqual(signed(parseTrace(text)), [10, -10]);
  });
});

describe("npx cenote export", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cenote-export-"));
  after(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const life = begin();
  for (let i = 0; i < 40; i++) live(life, [i % 3 === 2 ? "free" : "alloc", i * 1000]);
  await life.pool.snapshot().save(at("s.json"));
  await writeFile(at("s.json.gz"), gzipSync(await readFile(at("s.json"))));
  await writeFile(at("none.json"), '{"a": 1}');

  test("writes what replays as the snapshot itself does", async () => {
    for (const [to, name] of [
      ["rmm", "log.csv"],
      ["csv", "trace.txt"],
      ["memory_viz", "s.pickle"],
      ["json", "again.json"],
    ] as const) {
      assert.equal(await exportSnapshot([at("s.json.gz"), "--to", to, "--out", at(name)]), 0);
      assert.deepEqual(
        signed(await readTrace(at(name))),
        life.operations.map((bytes) => bytes + 0),
        to,
      );
    }
  });

  test("the ending of --out says the format", async () => {
    await exportSnapshot([at("s.json"), "--out", at("s.perfetto.json")]);
    checkTrace(JSON.parse(await readFile(at("s.perfetto.json"), "utf8")).traceEvents);
  });

  for (const [args, wanted] of [
    [[at("s.json")], /wanted --out FILE/],
    [[at("s.json"), "--out", at("x.bin")], /says no format/],
    [[at("s.json"), "--to", "svg", "--out", "x"], /no format "svg"[\s\S]*perfetto/],
    [[at("none.json"), "--out", at("x.csv")], /none\.json: format: wanted "cenote.pool"/],
    [[at("s.json"), "--out", join(folder, "no", "x.csv")], /can't be written/],
    [[at("gone.json"), "--out", at("x.csv")], /gone\.json can't be read/],
  ] as const) {
    test(`says what is wrong: ${wanted}`, async () => {
      await assert.rejects(exportSnapshot([...args]), (error: unknown) => {
        assert.ok(error instanceof CenoteError);
        assert.match(error.message, wanted);
        return true;
      });
    });
  }

  test("is a command, with exit status 2 for what is wrong", async () => {
    const cli = [process.execPath, "kernel/src/cli/index.ts", "export"] as const;
    const run = (...args: string[]) => promisify(execFile)(cli[0], [cli[1], cli[2], ...args]);
    const { stdout } = await run(at("s.json"), "--out", at("cli.pickle"));
    assert.match(stdout, /cli\.pickle: memory_viz, \d+ bytes/);
    await assert.rejects(run(at("none.json"), "--out", at("x.csv")), { code: 2 });
  });
});
