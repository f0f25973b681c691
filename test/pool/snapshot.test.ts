import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CenoteError,
  CONTROL,
  cellBegan,
  openBooks,
  RING_CAPACITY,
  runInCell,
} from "../../kernel/src/base/index.ts";
import { type Block, Pool, PoolSnapshot, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { begin, deeds, type Life, live } from "./life.ts";

const code = (wanted: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CenoteError);
  assert.equal(error.code, wanted);
  assert.match(error.message, text);
  return true;
};

/** The ring's older records are gone, as if many more events had come. */
function fillRing({ pool }: Life): void {
  for (let i = 0; i < RING_CAPACITY; i++) pool.allocate(100).dispose();
}

describe("a snapshot", () => {
  test("has every live block with what allocated it, and holes that tile the slabs with them", () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const life = begin();
        for (const deed of list) live(life, deed);
        const { data } = life.pool.snapshot();
        const { blocks, holes, slabs } = data;
        const found = blocks.id.map((id, i) => [id, blocks.requested[i], blocks.tag[i]]);
        const wanted = life.live.map(({ id, bytes, tag }) => [id, bytes, tag]);
        assert.deepEqual(found.sort(), wanted.sort());
        for (const slab of slabs) {
          const chunks = [blocks, holes].flatMap(({ slab: of, offset, size }) =>
            of.flatMap((id, i) => (id === slab.id ? [[offset[i]!, size[i]!] as const] : [])),
          );
          let end = 0;
          for (const [offset, size] of chunks.sort((a, b) => a[0] - b[0])) {
            assert.equal(offset, end);
            end += size;
          }
          assert.equal(end, slab.bytes);
        }
        assert.deepEqual(data.counts, life.pool.stats());
        life.pool.close();
      }),
      { numRuns: 60 },
    );
  });

  test("shows the moment it was taken, whatever comes later", () => {
    const life = begin();
    live(life, ["alloc", 5000]);
    const snapshot = life.pool.snapshot();
    live(life, ["free", 0]);
    life.pool.trim();
    assert.deepEqual(snapshot.data.blocks.requested, [5000]);
    assert.equal(snapshot.counts.liveBlocks, 1);
    assert.deepEqual(
      snapshot.data.events.kind.filter((kind) => kind === "free"),
      [],
    );
  });

  test("its events are those of the ring, with the cells and a time; what is lost is counted", () => {
    const life = begin();
    life.pool.budget = "64 GiB";
    const before = Date.now() - 1;
    runInCell(7, () => life.live.push(life.pool.allocate(3 * 2 ** 33 + 1, { tag: "huge" })));
    const { events, eventsLost } = life.pool.snapshot().data;
    assert.equal(eventsLost, 0);
    assert.deepEqual(events.kind, ["slabNew", "alloc"]);
    assert.deepEqual(
      [events.requested[1], events.tag[1], events.cell[1]],
      [3 * 2 ** 33 + 1, "huge", 7],
    );
    assert.ok(events.time.every((time) => time >= before && time <= Date.now() + 1));
    fillRing(life);
    const later = life.pool.snapshot().data;
    assert.equal(later.eventsLost + RING_CAPACITY, life.books.control[CONTROL.ringHead]);
    assert.ok(later.events.kind.length > 100_000);
    assert.equal(later.blocks.born[0], null);
  });

  test("goes through JSON unchanged", async () => {
    const life = begin();
    for (const value of [1, 70_000, 0]) live(life, ["alloc", value]);
    live(life, ["free", 1]);
    const snapshot = life.pool.snapshot({ name: "an adapter" });
    const folder = await mkdtemp(join(tmpdir(), "cenote-snapshot-"));
    try {
      const file = join(folder, "a.json");
      await snapshot.save(file);
      const again = PoolSnapshot.parse(await readFile(file, "utf8"), file);
      assert.deepEqual(again.data, snapshot.data);
      assert.equal(again.data.adapter?.["name"], "an adapter");
      for (const format of ["memory_viz", "rmm", "perfetto", "csv"] as const) {
        assert.deepEqual(again.export(format), snapshot.export(format));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("100,000 events are taken, and nothing of the table is left out", () => {
    const life = begin();
    const kept = Array.from({ length: 1000 }, (_, i) => life.pool.allocate(i));
    for (let i = 0; i < 49_500; i++) life.pool.allocate(i % 5000).dispose();
    const { data } = life.pool.snapshot();
    assert.equal(data.eventsLost, 0);
    assert.equal(data.events.kind.filter((kind) => kind === "alloc").length, 50_500);
    assert.equal(data.events.kind.filter((kind) => kind === "free").length, 49_500);
    assert.equal(data.blocks.id.length, kept.length);
  });

  test("a file that is none says what was wanted and where", () => {
    const { data } = begin().pool.snapshot();
    const bad = (change: object, text: RegExp) =>
      assert.throws(
        () => PoolSnapshot.parse(JSON.stringify({ ...data, ...change }), "x.json"),
        code("BAD_SNAPSHOT", text),
      );
    bad({ format: "other" }, /x\.json: format: wanted "cenote.pool", found "other"/);
    bad({ version: 99 }, /version: wanted 1, found 99/);
    bad({ events: { ...data.events, kind: ["alloc"] } }, /events\.kind: wanted a column of 0/);
    bad({ holes: { slab: [1], offset: [-1], size: [1] } }, /holes\.offset, row 0: wanted a whole/);
    bad({ blocks: [] }, /blocks: wanted an object of columns/);
    bad({ slabs: [{}] }, /slabs: wanted entries with id and bytes/);
    assert.throws(() => PoolSnapshot.parse("{", "x.json"), code("BAD_SNAPSHOT", /x\.json: /));
    assert.throws(() => PoolSnapshot.parse("[]"), code("BAD_SNAPSHOT", /wanted a JSON object/));
  });

  test("an ending that says no format is told with those that do", async () => {
    const snapshot = begin().pool.snapshot();
    await assert.rejects(
      snapshot.save("x.bin"),
      code("BAD_FORMAT", /ending of x\.bin[\s\S]*pickle/),
    );
    await assert.rejects(
      snapshot.save("x.json", "yaml" as "json"),
      code("BAD_FORMAT", /no format "yaml"[\s\S]*memory_viz/),
    );
  });
});

describe("marks, leaks and differences", () => {
  test("a mark tells later blocks from earlier ones, rows that are used again too", () => {
    const life = begin();
    const { pool } = life;
    const old = [1, 2, 3].map((n) => pool.allocate(n * 1000, { tag: "old" }));
    old[1]!.dispose();
    const mark = pool.mark("epoch");
    const row = pool.allocate(2000, { tag: "new" });
    assert.equal(row.id, old[1]!.id);
    assert.deepEqual(pool.leaks(mark), [{ tag: "new", cell: 0, line: 0, blocks: 1, bytes: 2048 }]);
    const snapshot = pool.snapshot();
    assert.deepEqual(snapshot.leaksSince(mark), pool.leaks(mark));
    assert.deepEqual(snapshot.leaksSince("epoch"), pool.leaks(mark));
    fillRing(life);
    assert.deepEqual(pool.snapshot().leaksSince(mark), pool.leaks(mark));
    assert.throws(() => pool.snapshot().leaksSince("epoch"), code("MARK_LOST", /written over/));
    row.dispose();
    assert.deepEqual(pool.leaks(mark), []);
    assert.deepEqual([old[0]!.disposed, old[2]!.disposed], [false, false]);
  });

  test("leaks of a cell, and of all cells that are over", () => {
    const { pool } = begin();
    const held: Block[] = [];
    runInCell(3, () =>
      held.push(pool.allocate(100, { tag: "a" }), pool.allocate(100, { tag: "a" })),
    );
    runInCell(4, () => held.push(pool.allocate(9000, { tag: "b" })));
    held.push(pool.allocate(5));
    const groups = (list: { tag: string; blocks: number }[]) => list.map((g) => [g.tag, g.blocks]);
    assert.deepEqual(groups(pool.leaks(3)), [["a", 2]]);
    assert.deepEqual(groups(pool.leaks()), [
      ["b", 1],
      ["a", 2],
    ]);
    assert.deepEqual(groups(runInCell(4, () => pool.leaks())), [["a", 2]]);
    assert.equal(held.filter((block) => block.disposed).length, 0);
  });

  test("what nobody holds is no leak", () => {
    const { pool } = begin();
    const mark = pool.mark("here");
    (() => {
      for (let i = 0; i < 10; i++) pool.allocate(8192);
    })();
    assert.deepEqual(pool.leaks(mark), []);
    assert.equal(pool.stats().collected, 10);
  });

  test("a difference has what came, what went and by how much the figures changed", () => {
    const { pool } = begin();
    const stays = pool.allocate(1000, { tag: "stays" });
    const goes = pool.allocate(2000, { tag: "goes" });
    const first = pool.snapshot();
    goes.dispose();
    const comes = pool.allocate(3000, { tag: "comes" });
    const diff = pool.snapshot().diff(first);
    assert.deepEqual(
      [diff.appeared.map(({ tag }) => tag), diff.gone.map(({ tag }) => tag)],
      [["comes"], ["goes"]],
    );
    assert.equal(diff.counts.requested, 1000);
    assert.equal(diff.counts.frees, 1);
    assert.ok(diff.milliseconds >= 0);
    assert.deepEqual([stays.disposed, comes.disposed], [false, false]);
  });

  test("the mark is in the events, under its name", () => {
    const { pool } = begin();
    pool.mark("step 1");
    const { kind, tag } = pool.snapshot().data.events;
    assert.deepEqual([kind, tag], [["mark"], ["step 1"]]);
  });
});

test("the histogram counts blocks and holes by size, and all of the slabs' bytes", () => {
  const pool = new Pool(new SimulatedMemory(), { books: openBooks(), slabBytes: 2 ** 20 });
  const blocks = [1, 256, 257, 512, 700, 5000].map((bytes) => pool.allocate(bytes));
  blocks[3]!.dispose();
  assert.deepEqual(
    pool.histogram().map(({ from, below, blocks, holes }) => [from, below, blocks, holes]),
    [
      [256, 512, 2, 0],
      [512, 1024, 2, 1],
      [4096, 8192, 1, 0],
      [524288, 1048576, 0, 1],
    ],
  );
  const total = pool.histogram().reduce((sum, at) => sum + at.blockBytes + at.holeBytes, 0);
  assert.equal(total, pool.stats().reserved);
});

test("cells are in the events of the process's own books", () => {
  // cellBegan writes to the process's books, which no other pool in this file keeps.
  const pool = new Pool(new SimulatedMemory());
  cellBegan(12);
  const { data } = pool.snapshot();
  assert.equal(data.cell, 12);
  assert.deepEqual([data.events.kind.at(-1), data.events.id.at(-1)], ["cellBegin", 12]);
  pool.close();
});
