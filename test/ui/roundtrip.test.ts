// A real pool, its real monitor and the panel's model, joined as the kernel joins them but in one thread:
// after whatever the pool did, the panel knows the pool's own numbers, blocks, slabs and holders.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, group } from "../../extension/src/model/groups.ts";
import { type Outcome, PoolModel } from "../../extension/src/model/pool-model.ts";
import { cellBegan, cellEnded, connectOutlet, runInCell } from "../../kernel/src/base/index.ts";
import { Monitor } from "../../kernel/src/monitor/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { until } from "./until.ts";

const memory = new SimulatedMemory();
const pool = new Pool(memory, { budget: "1 GiB", slabBytes: 2 ** 22 });

/** A page: its model, and what became of the messages it got. */
class Page {
  readonly model = new PoolModel();
  readonly outcomes: Outcome[] = [];

  receive(data: object, buffers: ArrayBufferView[] = []): void {
    // As over the wire: JSON, and buffers of its own at an odd place.
    const views = buffers.map((from) => {
      const padded = new Uint8Array(from.byteLength + 1);
      padded.set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength), 1);
      return new DataView(padded.buffer, 1);
    });
    this.outcomes.push(this.model.take(JSON.parse(JSON.stringify(data)), views));
  }
}

const pages = new Map<string, Page>();
const monitor = new Monitor(pool.books, (id, data, buffers) =>
  pages.get(id)?.receive(data, buffers),
);
connectOutlet((note) => monitor.note(note));

function openPage(id: string): Page {
  const page = new Page();
  pages.set(id, page);
  monitor.open(id);
  return page;
}

/** Allocates and frees at random, in a cell, until `steps` are done; returns what is left. */
function work(cell: number, steps: number, seed: number): Block[] {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const kept: Block[] = [];
  runInCell(cell, () => {
    cellBegan(cell);
    for (let i = 0; i < steps; i++) {
      if (kept.length > 300 || (kept.length > 0 && random(3) === 0))
        kept.splice(random(kept.length), 1)[0]!.dispose();
      else kept.push(pool.allocate(1 + random(200_000), { tag: `tag${random(7)}` }));
    }
    cellEnded(cell);
  });
  return kept;
}

/** Waits until the page has all of the pool's operations and its block map is whole. */
async function caughtUp({ model }: Page): Promise<void> {
  await until("the page has the pool's last operation", () => {
    const { allocations, frees } = pool.stats();
    const numbers = model.numbers;
    return (
      numbers?.allocations === allocations &&
      numbers.frees === frees &&
      model.hidden === 0 &&
      model.blocks.count === numbers.liveBlocks
    );
  });
}

function agrees({ model }: Page): void {
  const stats = pool.stats();
  const numbers = model.numbers!;
  for (const name of ["live", "requested", "reserved", "peakLive", "budget"] as const) {
    assert.equal(numbers[name], stats[name], name);
  }
  assert.equal(model.fragmentation.toFixed(9), stats.fragmentation.toFixed(9));
  const ours = group(blocksOf(model.blocks), "line").map(({ tag, cell, blocks, bytes }) =>
    [model.tagText(tag!), cell, blocks, bytes].join(),
  );
  const theirs = pool
    .holders(1000)
    .map(({ tag, cell, blocks, bytes }) => [tag, cell, blocks, bytes].join());
  assert.deepEqual(ours.toSorted(), theirs.toSorted());
  assert.deepEqual(new Map([...model.slabs].map(([id, { bytes }]) => [id, bytes])), memory.slabs);
}

test("the panel knows what the pool knows, through events alone", async (t) => {
  const page = openPage("events");
  t.after(() => monitor.close("events"));
  const kept = work(1, 500, 7);
  await caughtUp(page);
  agrees(page);
  const { timeline, cells } = page.model;
  assert.equal(timeline.live[timeline.length - 1], pool.stats().live);
  const span = cells.find(({ cell }) => cell === 1);
  assert.ok(span?.end !== undefined && span.end >= span.begin);
  for (const block of kept) block.dispose();
  await caughtUp(page);
  agrees(page);
  assert.ok(page.outcomes.length > 2, "it came in deltas, not only in one snapshot");
  assert.ok(page.outcomes.every((outcome) => outcome === "taken"));
});

test("a storm of events beyond the ring is survived, and the map is whole again", async (t) => {
  const page = openPage("storm");
  t.after(() => monitor.close("storm"));
  const kept = work(2, 150_000, 11);
  await caughtUp(page);
  agrees(page);
  assert.ok(page.outcomes.every((outcome) => outcome === "taken"));
  for (const block of kept) block.dispose();
});

test("a page that comes late, or was paused, has everything at once", async (t) => {
  const early = openPage("early");
  t.after(() => monitor.close("early"));
  monitor.message("early", { kind: "pause" });
  const kept = work(3, 300, 13);
  const late = openPage("late");
  t.after(() => monitor.close("late"));
  await caughtUp(late);
  agrees(late);
  assert.equal(early.outcomes.length, 1, "a paused page hears nothing");
  monitor.message("early", { kind: "resume" });
  await caughtUp(early);
  agrees(early);
  for (const block of kept) block.dispose();
});

test("a message that was lost is asked for again", async (t) => {
  const page = openPage("lossy");
  t.after(() => monitor.close("lossy"));
  await caughtUp(page);
  const whole = page.receive.bind(page);
  let lose = true;
  page.receive = (data, buffers) => {
    if (lose) lose = false;
    else whole(data, buffers);
    if (page.outcomes.at(-1) === "gap") monitor.message("lossy", { kind: "resync" });
  };
  const kept = [pool.allocate(1000)];
  await until("a message is lost", () => !lose);
  kept.push(pool.allocate(2000));
  await caughtUp(page);
  agrees(page);
  assert.ok(page.outcomes.includes("gap"));
  for (const block of kept) block.dispose();
});
