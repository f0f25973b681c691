// Commands for the pool, in a real browser on a real kernel: what they say they did is what the pool's own
// figures say, and a running cell is never waited for.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatBytes } from "../../kernel/src/base/index.ts";
import { PoolSnapshot } from "../../kernel/src/pool/index.ts";
import { violations } from "./axe.ts";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until } from "./until.ts";

const NOTEBOOK = "actions.ipynb";

let lab: Lab;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote" }, (opened) => {
  ({ lab, ui } = opened);
});

const pool = async (expression: string): Promise<unknown> =>
  JSON.parse(
    /RESULT(.*)RESULT/.exec(
      await ui.run(`console.log("RESULT" + JSON.stringify(${expression}) + "RESULT")`),
    )![1]!,
  );

/** Runs a command and waits until the page tells something that matches, which nothing did before. */
async function tells(wanted: RegExp, command: string, args: object = {}): Promise<string> {
  const toasts = ui.page.locator(".Toastify__toast");
  const told = async () => (await toasts.allInnerTexts()).filter((text) => wanted.test(text));
  const before = (await told()).length;
  void ui.command(command, args);
  await until(`it tells ${wanted}`, async () => (await told()).length > before);
  return (await told()).at(-1)!;
}

test("before the GPU was used they say so", async () => {
  await tells(/No GPU memory was used yet/, "cenote:trim");
});

test("a mark is in the events", async () => {
  await ui.run(`import { pool } from "cenote";
await pool.open();
const held = [];
for (let i = 0; i < 6; i++) held.push(await pool.allocate(2_000_000, { tag: "weights" }));`);
  await tells(/Marked “epoch 3”/, "cenote:mark", { name: "epoch 3" });
  assert.deepEqual(await pool("pool.leaks().length"), 1);
  const marks = await pool(
    '((e) => e.tag.filter((_, i) => e.kind[i] === "mark"))(pool.snapshot().data.events)',
  );
  assert.deepEqual(marks, ["epoch 3"]);
});

test("a snapshot is compared with what there is later, in the panel", async () => {
  await ui.command("cenote:compare");
  const toast = ui.page.locator(".Toastify__toast", { hasText: "take one first" });
  await until("without a snapshot it says so", async () => (await toast.count()) > 0);
  await ui.command("cenote:snapshot");
  const sum = ui.panel.locator('[data-cenote="table-sum"]');
  await until("it is taken", async () => (await sum.textContent()) === "Nothing has come or gone");
  await ui.run(
    'held.push(await pool.allocate(1_000_000, { tag: "newcomer" })); held.shift().dispose();',
  );
  const rows = ui.panel.locator(".cenote-grid-row");
  await until("two rows", async () => (await rows.count()) === 2);
  assert.match(await rows.nth(0).innerText(), /newcomer[\s\S]*\+977 KiB/);
  assert.match(await rows.nth(1).innerText(), /weights[\s\S]*−1\.9 MiB/);
  const sizes = await rows
    .locator("[data-bytes]")
    .evaluateAll((found) => found.map((one) => Number(one.getAttribute("data-bytes"))));
  assert.deepEqual(sizes, [1_000_192, -2_000_128]);
  await ui.page.screenshot({ path: `${SHOTS}/compare.png` });
});

test("trim and spill do what they say", async () => {
  const reserved = (await pool("pool.stats().reserved")) as number;
  const trimmed = await tells(/Empty slabs given back: /, "cenote:trim");
  const after = (await pool("pool.stats().reserved")) as number;
  assert.ok(after < reserved, `${after} after ${reserved}`);
  assert.ok(trimmed.includes(formatBytes(reserved - after)), trimmed);
  await tells(/Spilled: /, "cenote:spill", { size: "3 MB" });
  const spilled = (await pool("pool.stats().spilled + pool.stats().disk")) as number;
  assert.ok(spilled >= 3_000_000, `${spilled} bytes are spilled`);
  await tells(/Packed: /, "cenote:compact");
});

test("while a cell runs they answer at once that it does", async () => {
  const cell = await ui.start("for (;;);");
  await until("the cell runs", cell.running);
  await tells(/The kernel runs a cell/, "cenote:trim");
  assert.equal(await cell.running(), true);
  await ui.command("notebook:interrupt-kernel");
  await cell.done();
});

test("exports lie beside the notebook and hold what the pool holds", async () => {
  const live = await pool("pool.stats().liveBlocks");
  for (const [format, ending] of [
    ["json", /\S+[0-9]\.json/],
    ["csv", /\S+[0-9]\.csv/],
    ["memory_viz", /\S+\.pickle/],
    ["perfetto", /\S+\.perfetto\.json/],
    ["html", /\S+\.html/],
  ] as const) {
    const text = await tells(new RegExp(`beside the notebook: ${ending.source}`), "cenote:export", {
      format,
    });
    const file = text.split("beside the notebook: ")[1]!.trim();
    assert.ok(existsSync(join(lab.work, file)), file);
    if (format !== "json") continue;
    const snapshot = PoolSnapshot.parse(readFileSync(join(lab.work, file), "utf8"));
    assert.equal(snapshot.counts.liveBlocks, live);
  }
  const told = ui.page.locator(".Toastify__toast", { hasText: "beside the notebook" });
  await until("only the last is still told", async () => (await told.count()) === 1);
});

test("leaks are freed after asking", async () => {
  void ui.command("cenote:free-leaks");
  const dialog = ui.page.locator(".jp-Dialog");
  await dialog.waitFor();
  await ui.page.screenshot({ path: `${SHOTS}/free-leaks.png` });
  assert.deepEqual(await violations(ui, [".jp-Dialog-content"], ["button-name"]), []);
  await dialog.locator("button", { hasText: "Free them" }).click();
  await until(
    "it is told",
    async () =>
      (await ui.page.locator(".Toastify__toast", { hasText: "Freed 6 blocks" }).count()) > 0,
  );
  assert.equal(await pool("pool.stats().liveBlocks"), 0);
  assert.equal(await pool("held[0].disposed"), true);
});

test("the View menu has them", async () => {
  await ui.page.locator(".lm-MenuBar-item", { hasText: "View" }).click();
  await ui.page.locator(".lm-Menu-item", { hasText: "GPU memory" }).last().hover();
  await ui.page.locator(".lm-Menu-item", { hasText: "Free leaks of GPU memory" }).waitFor();
  await ui.page.screenshot({ path: `${SHOTS}/actions-menu.png` });
  await ui.page.keyboard.press("Escape");
  await ui.page.keyboard.press("Escape");
});

test("no errors in the console", () => {
  assert.deepEqual(ui.errors, []);
});
