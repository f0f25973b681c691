// The panel's views against the pool's own books, to the byte: overview, timeline, tables, slab map through
// time, and the ways from a view to a cell. One notebook, one kernel, a software adapter.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabPage } from "./browser.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { asked } from "./pool-page.ts";
import { until } from "./until.ts";

let ui: LabPage;

openBefore({ "views.ipynb": "cenote" }, async (opened) => {
  ({ ui } = opened);
  await ui.openByPalette();
});

/** The attribute of an element that carries data-cenote. */
const told = (name: string, attribute: string) =>
  ui.panel.locator(`[data-cenote="${name}"]`).getAttribute(attribute);

/** Waits until a number of the panel is what the pool says; the assertion then names both. */
async function agree(name: string, attribute: string, wanted: number): Promise<void> {
  const now = async () => Number(await told(name, attribute));
  await until(name, async () => (await now()) === wanted).catch(() => undefined);
  assert.equal(await now(), wanted, name);
}

const subject = () => ui.panel.locator('select[aria-label="What the table is about"]');
const by = () => ui.panel.locator('select[aria-label="What the rows are"]');

/** Rows of the table as [text, bytes]. */
async function rows(): Promise<[string, number][]> {
  return ui.panel
    .locator(".cenote-grid-row")
    .evaluateAll((all) =>
      all.map((row) => [
        row.querySelector(".cenote-tag")?.textContent ?? "",
        Number(row.querySelector("[data-bytes]")?.getAttribute("data-bytes")),
      ]),
    ) as Promise<[string, number][]>;
}

interface Held {
  tag: string;
  cell: number;
  line: number;
  blocks: number;
  bytes: number;
}

test("the overview says what the pool says", async () => {
  await ui.run(`import { pool, monitor } from "cenote";
const weights = [];
for (let i = 0; i < 12; i++) weights.push(await pool.allocate(300_001 + i, { tag: "weights" }));
const big = await pool.allocate(20_000_000, { tag: "scratch" });
big.dispose();
monitor.mark("epoch 1");`);
  const stats = await asked<Record<string, number>>(
    ui,
    "{ ...pool.stats(), host: pool.tiers.host, disk_: pool.tiers.disk }",
  );
  await agree("place-device", "data-bytes", stats["live"]!);
  await agree("place-device", "data-budget", stats["budget"]!);
  await agree("place-host", "data-bytes", stats["spilled"]!);
  await agree("place-host", "data-budget", stats["host"]!);
  await agree("place-disk", "data-budget", stats["disk_"]!);
  await agree("place-outside", "data-bytes", stats["outside"]!);
  await agree("fragmentation", "data-value", stats["fragmentation"]!);
  const [most] = await asked<Held[]>(ui, "pool.holders(1)");
  await agree("top", "data-bytes", most!.bytes);
  assert.match((await told("top", "data-bytes")) ?? "", /\d/);
  await agree("leaks", "data-bytes", 0);
});

test("a line that allocates again and frees nothing is said to leak, with the earlier run's bytes", async () => {
  const code = `globalThis.kept ??= [];\nkept.push(await pool.allocate(1_000_000, { tag: "leaky" }));`;
  await ui.run(code);
  const [first] = await asked<Held[]>(ui, `pool.holders(50).filter(({ tag }) => tag === "leaky")`);
  await ui.run(code);
  await agree("leaks", "data-bytes", first!.bytes);
  const text = await ui.panel.locator('[data-cenote="leaks"]').textContent();
  assert.match(text ?? "", /leaky line 2, from 2 cells/);
});

test("tables by line, cell, tag and block add up to what is live", async () => {
  const { live, liveBlocks } = await asked<Record<string, number>>(ui, "pool.stats()");
  for (const grouping of ["line", "cell", "tag", "block"]) {
    await by().selectOption(grouping);
    await agree("table-sum", "data-bytes", live!);
    await agree("table-sum", "data-blocks", liveBlocks!);
  }
  await by().selectOption("line");
  const wanted = await asked<Held[]>(ui, "pool.holders(100)");
  await until("the rows are the holders", async () => (await rows()).length === wanted.length);
  assert.deepEqual(
    (await rows()).map(([, bytes]) => bytes),
    wanted.map(({ bytes }) => bytes),
    "largest first",
  );
});

test("the table sorts, filters and is walked through by keyboard", async () => {
  await by().selectOption("block");
  const heading = (name: string) => ui.panel.locator(`.cenote-grid-head .cenote-grid-${name}`);
  await heading("bytes").click();
  assert.equal(await heading("bytes").getAttribute("aria-sort"), "ascending");
  const ascending = (await rows()).map(([, bytes]) => bytes);
  assert.deepEqual(
    ascending,
    ascending.toSorted((a, b) => a - b),
  );
  await heading("bytes").click();
  await ui.panel.locator(".cenote-filter").fill("leaky");
  await until("only the leaky ones", async () => (await rows()).length === 2);
  await ui.panel.locator(".cenote-filter").fill("");
  const grid = ui.panel.locator(".cenote-grid");
  await grid.focus();
  await ui.page.keyboard.press("ArrowDown");
  await ui.page.keyboard.press("ArrowDown");
  const active = await grid.getAttribute("aria-activedescendant");
  assert.match(active ?? "", /-1$/);
  assert.equal(await ui.page.locator(`#${active}`).getAttribute("aria-rowindex"), "3");
  await ui.page.keyboard.press("End");
  const count = Number(await grid.getAttribute("aria-rowcount"));
  assert.match(
    (await grid.getAttribute("aria-activedescendant")) ?? "",
    new RegExp(`-${count - 2}$`),
  );
  await ui.page.keyboard.press("Escape");
  await by().selectOption("line");
});

test("what was allocated since a mark and is not freed is what pool.leaks says", async () => {
  await ui.run(`const mark = pool.mark("epoch 2");
const later = await pool.allocate(2_000_000, { tag: "later" });
weights.shift().dispose();`);
  const leaks = await asked<Held[]>(ui, "pool.leaks(mark)");
  const option = subject().locator("option", { hasText: "epoch 2" });
  await until("the mark is offered", async () => (await option.count()) === 1);
  await subject().selectOption((await option.getAttribute("value")) ?? "");
  const bytes = leaks.reduce((sum, one) => sum + one.bytes, 0);
  assert.ok(bytes >= 2_000_000);
  await agree("table-sum", "data-bytes", bytes);
  assert.deepEqual(
    (await rows()).map(([tag]) => tag),
    ["later"],
  );
});

test("at the peak the table holds the peak, to the byte", async () => {
  const { peakLive } = await asked<Record<string, number>>(ui, "pool.stats()");
  await subject().selectOption("peak");
  await agree("table-sum", "data-bytes", peakLive!);
  assert.equal((await rows())[0]![0], "scratch", "what is freed since was the most");
});

test("a change between a snapshot and now has both signs, and the command shows it", async () => {
  await ui.panel.locator(".cenote-button", { hasText: "Snapshot" }).click();
  assert.equal(await subject().inputValue(), "change 1");
  await subject().selectOption("live");
  await ui.run(`const added = await pool.allocate(5_000_000, { tag: "added" });
const gone = weights.shift(); gone.dispose();`);
  const { live } = await asked<Record<string, number>>(ui, "pool.stats()");
  const [added] = await asked<Held[]>(ui, `pool.holders(50).filter(({ tag }) => tag === "added")`);
  await ui.command("cenote:compare");
  await until("both rows", async () => (await rows()).length === 2);
  const found = await rows();
  assert.deepEqual(found[0], ["added", added!.bytes]);
  assert.equal(found[1]![0], "weights");
  const sum = Number(await told("table-sum", "data-bytes"));
  assert.equal(sum, found[0]![1] + found[1]![1]);
  assert.ok(found[1]![1] < 0 && live! > 0);
  await subject().selectOption("live");
});

test("a stretch of the timeline is shown, and lists what it allocated and did not free", async () => {
  const line = ui.panel.locator(".cenote-timeline");
  await line.scrollIntoViewIfNeeded();
  await ui.panel.locator('select[aria-label="Time shown"]').selectOption("0");
  const box = (await line.boundingBox())!;
  const follow = ui.panel.locator(".cenote-button", { hasText: /Follow|Pause/ });
  assert.equal(await follow.textContent(), "Pause");
  await ui.page.mouse.move(box.x + 1, box.y + 80);
  await ui.page.mouse.down();
  await ui.page.mouse.move(box.x + box.width / 2, box.y + 80, { steps: 4 });
  await ui.page.mouse.move(box.x + box.width - 1, box.y + 80, { steps: 4 });
  await ui.page.mouse.up();
  await until("the stretch is shown", async () => (await follow.textContent()) === "Follow");
  assert.equal(await subject().inputValue(), "stretch");
  // All that there is lies in the stretch, so that what survives it is what is live.
  const { live } = await asked<Record<string, number>>(ui, "pool.stats()");
  await agree("table-sum", "data-bytes", live!);
  await ui.panel.screenshot({ path: `${SHOTS}/stretch.png` });
  await follow.click();
  assert.equal(await subject().inputValue(), "live");
});

test("the timeline tells marks and cells, and zooms by keyboard", async () => {
  const line = ui.panel.locator(".cenote-timeline");
  const words = ui.panel.locator(".cenote-timeline + .cenote-unseen");
  await until("marks are told", async () =>
    /epoch 1, epoch 2/.test((await words.textContent()) ?? ""),
  );
  await line.focus();
  await ui.page.keyboard.press("ArrowLeft");
  await ui.page.keyboard.press("+");
  const follow = ui.panel.locator(".cenote-button", { hasText: "Follow" });
  await follow.waitFor();
  await ui.page.keyboard.press("Escape");
  await ui.page.keyboard.press("Escape");
  await ui.panel.locator(".cenote-button", { hasText: "Pause" }).waitFor();
});

test("the slab map goes back through the pool's life, and comes back to now", async () => {
  const slider = ui.panel.locator(".cenote-slider");
  const words = ui.panel.locator(".cenote-slabs + .cenote-unseen");
  const now = await words.textContent();
  await slider.focus();
  await ui.page.keyboard.press("Home");
  const note = ui.panel.locator(".cenote-section", { has: ui.page.locator(".cenote-slabs") });
  await until("nothing yet", async () => /0 blocks/.test((await note.textContent()) ?? ""));
  // One record after the other: as many live blocks as the records say.
  for (let i = 0; i < 12; i++) await ui.page.keyboard.press("ArrowRight");
  await until("some blocks", async () => /[1-9]\d* blocks?/.test((await note.textContent()) ?? ""));
  await ui.panel.screenshot({ path: `${SHOTS}/replay.png` });
  await ui.page.keyboard.press("End");
  await until("now again", async () => (await told("moment", "data-moment")) === "");
  assert.equal(await words.textContent(), now);
});

test("blocks are coloured by what the reader chose, with a legend", async () => {
  const colour = ui.panel.locator('select[aria-label="Colour of the blocks"]');
  const legend = ui.panel.locator(".cenote-slabs ~ .cenote-legend");
  await colour.selectOption("state");
  await until("blocks in the colour of live ones", () =>
    ui.pixels(".cenote-slabs", "--cenote-state-live"),
  );
  assert.match((await legend.textContent()) ?? "", /live.*pinned.*spilled.*just moved.*free/);
  const { x, width } = (await ui.panel.boundingBox())!;
  for (const key of await legend.locator("span").all()) {
    const box = (await key.boundingBox())!;
    assert.ok(box.x >= x && box.x + box.width <= x + width, "every key is in view");
  }
  await colour.selectOption("size");
  await until("blocks in a step's colour", () => ui.pixels(".cenote-slabs", "--cenote-step-3"));
  assert.match((await legend.textContent()) ?? "", /from 64 KiB/);
  for (const one of ["tag", "age", "cell"]) await colour.selectOption(one);
  await until("by cell again", () => ui.pixels(".cenote-slabs", "--cenote-cell-1"));
});

test("a click on a block goes to the cell and the line that allocated it", async () => {
  const map = ui.panel.locator(".cenote-slabs");
  await map.scrollIntoViewIfNeeded();
  await map.focus();
  await ui.page.keyboard.press("Home");
  const spoken = ui.panel.locator(".cenote-unseen[role=status]");
  const said = (await spoken.textContent()) ?? "";
  const [, cell, line] = /cell \[(\d+)\] line (\d+)/.exec(said) ?? [];
  assert.ok(cell && line, said);
  await ui.page.keyboard.press("Enter");
  const active = ui.page.locator(".jp-Notebook .jp-mod-active .jp-InputPrompt");
  await until("the cell is chosen", async () => (await active.textContent()) === `[${cell}]:`);
  const selected = await ui.page.evaluate(`(() => {
    const { content } = window.jupyterapp.shell.currentWidget;
    return content.activeCell.editor.getSelection().start.line + 1;
  })()`);
  assert.equal(selected, Number(line));
});

test("a block of a column tells its name, type and length", async () => {
  await ui.run(`import { gpu } from "cenote";
import { tableFromArrays } from "apache-arrow";
const onDevice = await gpu(tableFromArrays({ delay: Int16Array.from({ length: 3000 }, (_, i) => i) }));`);
  await by().selectOption("block");
  await until("the column's row", async () =>
    (await rows()).some(([text]) => /^column delay int16\[3000\]$/i.test(text)),
  );
  await by().selectOption("line");
});

test("the page complained of nothing", () => {
  assert.deepEqual(ui.errors, []);
});
