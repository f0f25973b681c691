// What the panel says against what the pool itself says, and a cell that keeps the pool busy.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figure, LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { until } from "./until.ts";

/** The file by which the busy cell learns that the page has seen enough of it. */
const SEEN = "seen";
/** Levels of live bytes that the page is to see while the cell runs. */
const LEVELS = 5;
/** Allocates and frees, `least` times, without ever yielding to the event loop for long, until the page has seen it. */
const busyCell = (least: number) => `import { pool } from "cenote";
import { existsSync } from "node:fs";
const held = [];
for (let step = 0; step < ${least} || !existsSync("${SEEN}"); step++) {
  held.push(await pool.allocate((1 + step % 5) * 700_001, { tag: step % 3 ? "acts" : "weights" }));
  if (step % 10 === 9) for (const block of held.splice(0, step < 90 ? 5 : 10)) block.dispose();
  for (const until = Date.now() + 40; Date.now() < until; );
}`;

/** What a cell's code evaluates to, as JSON. */
export async function asked<T>(ui: LabPage, expression: string): Promise<T> {
  const printed = await ui.run(
    `import { pool } from "cenote";\nconsole.log("ANSWER" + JSON.stringify(${expression}) + "ANSWER")`,
  );
  const found = /ANSWER(.*)ANSWER/s.exec(printed);
  assert.ok(found, `wanted an answer, found: ${printed}`);
  return JSON.parse(found[1]!) as T;
}

/** The pool's own numbers. */
export const poolStats = (ui: LabPage): Promise<Record<string, number>> =>
  asked(ui, "pool.stats()");

/** Waits until the panel's number is what the pool says; the assertion then names both. */
export async function agree(ui: LabPage, figure: Figure, wanted: number): Promise<void> {
  const equal = async () => (await ui.bytes(figure)) === wanted;
  await until(`${figure} is ${wanted}`, equal).catch(() => undefined);
  assert.equal(await ui.bytes(figure), wanted, figure);
  assert.equal(await ui.titleBytes(figure), wanted, `${figure}, in words`);
}

export async function panelEqualsPool(ui: LabPage): Promise<void> {
  const stats = await poolStats(ui);
  assert.ok(stats["live"]! > 0, "the pool holds something");
  await agree(ui, "live", stats["live"]!);
  await agree(ui, "reserved", stats["reserved"]!);
  await agree(ui, "peak", stats["peakLive"]!);
  await agree(ui, "budget", stats["budget"]!);
}

/** Runs the busy cell until the panel has shown enough levels while the prompt said [*]. */
export async function watchBusyCell(ui: LabPage, lab: Lab, least = 0): Promise<void> {
  rmSync(join(lab.work, SEEN), { force: true });
  const cell = await ui.start(busyCell(least));
  await until("the busy cell runs", cell.running);
  const seen = new Set<number>();
  try {
    await until(`the panel shows ${LEVELS} levels while the cell runs`, async () => {
      const live = await ui.bytes("live");
      if (live !== undefined && (await cell.running())) seen.add(live);
      return seen.size >= LEVELS;
    });
  } finally {
    writeFileSync(join(lab.work, SEEN), "");
    await cell.done();
  }
  assert.equal(await cell.error(), "", "the busy cell ends without an error");
}

/** Whether the panel follows a pool that nothing has used. */
export async function emptyPool(ui: LabPage): Promise<boolean> {
  return (await ui.state()) === "live" && (await ui.message()) === "No GPU memory used yet";
}
