// Badges: each cell that used the pool says its peak and what it left, to the byte, also in a notebook that
// is opened again without its kernel; a setting turns them off; a click opens the panel on the cell.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until } from "./until.ts";

const NOTEBOOK = "badges.ipynb";

let lab: Lab;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote" }, (opened) => {
  ({ lab, ui } = opened);
});

/** Peak and net bytes of each badge, by the place of its cell. */
async function badges(): Promise<[number, number, number][]> {
  return (await ui.page.evaluate(`[...document.querySelectorAll(".jp-CodeCell")].flatMap((cell, i) => {
    const badge = cell.querySelector(".cenote-cell-badge button");
    return badge ? [[i, Number(badge.dataset.peak), Number(badge.dataset.net)]] : [];
  })`)) as [number, number, number][];
}

test("a cell that uses the pool has a badge with its peak and its net bytes, with no panel open", async () => {
  await ui.run(`import { pool } from "cenote";
const kept = await pool.allocate(3_000_000, { tag: "kept" });
const gone = await pool.allocate(9_000_000);
gone.dispose();`);
  await ui.run("1 + 1");
  await ui.run("kept.dispose();");
  await until("two badges", async () => (await badges()).length === 2);
  const large = Math.ceil(9_000_000 / 256) * 256;
  const small = Math.ceil(3_000_000 / 256) * 256;
  assert.deepEqual(await badges(), [
    [0, large + small, small],
    [2, small, -small],
  ]);
  await ui.page.screenshot({ path: `${SHOTS}/badges.png` });
});

test("a snapshot is taken at the first command, though the panel was never open", async () => {
  await ui.command("cenote:snapshot");
  const sum = ui.panel.locator('[data-cenote="table-sum"]');
  await until("it is taken", async () => (await sum.textContent()) === "Nothing has come or gone");
  await ui.closePanel();
});

test("a cell that runs again has the new figures, and none when it leaves the pool alone", async () => {
  await ui.page.locator(".jp-CodeCell .cm-content").nth(2).click();
  await ui.page.keyboard.press("Control+A");
  await ui.page.keyboard.insertText("2 + 2");
  await ui.page.evaluate(`void window.jupyterapp.commands.execute("notebook:run-cell")`);
  await until("its badge is gone", async () => (await badges()).length === 1);
});

test("a click opens the panel on the cell", async () => {
  await ui.page.locator(".cenote-cell-badge button").first().click();
  await ui.panel.waitFor();
  await ui.panel.locator(".cenote-button", { hasText: "Follow" }).waitFor();
  assert.ok((await ui.bytes("peak"))! > 0);
});

test("a click finds a cell that ran while the panel was closed", async () => {
  await ui.panel.locator(".cenote-button", { hasText: "Follow" }).click();
  await ui.closePanel();
  await until("only the numbers flow", async () => ui.requests.at(-1) === "summary");
  const { length } = await badges();
  await ui.run("kept.disposed; const meanwhile = await pool.allocate(1000);");
  await until("its badge is there", async () => (await badges()).length === length + 1);
  await ui.page.locator(".cenote-cell-badge button").last().click();
  await ui.panel.locator(".cenote-button", { hasText: "Follow" }).waitFor();
});

/** The place of the cell that is chosen in the notebook. */
const chosen = () =>
  ui.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex");

test("in another kernel a cell's number is not taken for the one that had it before", async () => {
  await ui.page.evaluate(
    "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()",
  );
  await until(
    "the new kernel's empty pool",
    async () => (await ui.message()) === "No GPU memory used yet",
  );
  const last = (await ui.page.locator(".jp-CodeCell").count()) - 1;
  const code = `import { pool } from "cenote";
(globalThis.kept ??= []).push(await pool.allocate(1_000_000, { tag: "anew" }));`;
  await ui.run(code);
  // The first cell has this number too, from the kernel before.
  const prompts = await ui.page.locator(".jp-CodeCell .jp-InputPrompt").allTextContents();
  assert.deepEqual([prompts[0], prompts[last]], ["[1]:", "[1]:"]);
  const rows = ui.panel.locator(".cenote-grid-row", { hasText: "anew" });
  await rows.click();
  await until("the cell is chosen", async () => (await chosen()) === last);
  await ui.page.locator(".jp-CodeCell .cm-content").nth(last).click();
  await ui.page.evaluate(`void window.jupyterapp.commands.execute("notebook:run-cell")`);
  await until("it ran again", async () => (await rows.count()) === 2);
  await ui.page.locator(".jp-CodeCell .cm-content").first().click();
  await rows.filter({ hasText: "cell [1]" }).click();
  await until("it is found again", async () => (await chosen()) === last);
  await ui.page.locator(".cenote-cell-badge button").first().click();
  await ui.page.locator(".Toastify__toast", { hasText: "has not run in this kernel" }).waitFor();
});

test("the notebook keeps the figures, and shows them when it is opened again without a kernel", async () => {
  const before = await badges();
  await ui.command("docmanager:save");
  const saved = JSON.parse(await readFile(join(lab.work, NOTEBOOK), "utf8"));
  const { cell, peak, net } = saved.cells[0].metadata.cenote_pool;
  assert.deepEqual([0, peak, net], before[0]);
  assert.equal(cell, saved.cells[0].execution_count);
  await ui.command("kernelmenu:shutdown");
  await ui.page.goto(`${lab.url}/lab?reset`);
  await ui.started();
  await ui.command("docmanager:open", { path: NOTEBOOK, kernelPreference: { shouldStart: false } });
  await until("the badges are there", async () => (await badges()).length === before.length);
  assert.deepEqual(await badges(), before);
});

/** At one frame a second the panel is drawn far less often than it hears of another level. */
async function drawsSeldom(): Promise<void> {
  await ui.page.evaluate(`(() => {
    window.cenoteDraws = 0;
    const node = document.querySelector('#cenote-pool [data-cenote="live"]');
    new MutationObserver(() => window.cenoteDraws++).observe(node, { attributeFilter: ["data-bytes"] });
  })()`);
  const before = ui.received.length;
  await ui.run(`import { pool } from "cenote";
for (let i = 0; i < 40; i++) {
  await pool.allocate(1000);
  for (const until = Date.now() + 60; Date.now() < until; );
}`);
  const deltas = ui.received.slice(before).filter((kind) => kind === "delta").length;
  const draws = Number(await ui.page.evaluate("window.cenoteDraws"));
  assert.ok(draws > 0 && 2 * draws <= deltas, `${draws} draws for ${deltas} messages`);
}

test("settings turn badges and the status bar's item off, colour cells, and say how often it is drawn", async () => {
  const change = async (settings: object) => {
    const answer = await fetch(`${lab.url}/lab/api/settings/cenote-lab:panel`, {
      method: "PUT",
      body: JSON.stringify({ raw: JSON.stringify(settings) }),
    });
    assert.equal(answer.status, 204);
    await ui.page.goto(`${lab.url}/lab?reset`);
    await ui.started();
    await ui.command("docmanager:open", { path: NOTEBOOK });
    await ui.page.locator(".jp-CodeCell").first().waitFor();
    await ui.command("cenote:show-pool");
    await until("the panel is live", async () => (await ui.state()) === "live");
  };
  const status = ui.page.locator('[data-cenote="status"]');
  const colour = () =>
    ui.page.evaluate(
      `getComputedStyle(document.querySelector("#cenote-pool")).getPropertyValue("--cenote-cell-1")`,
    );
  const { length } = await badges();
  const plain = await colour();
  const cellColours = ["#123456"];
  await change({ badges: false, statusItem: false, cellColours, framesPerSecond: 1 });
  await until("the colour is the chosen one", async () => (await colour()) === "#123456");
  assert.deepEqual(await badges(), []);
  assert.equal(await status.count(), 0);
  await drawsSeldom();
  await change({});
  await until("the badges are back", async () => (await badges()).length === length);
  await status.waitFor();
  assert.equal(await colour(), plain);
});

test("the page complained of nothing", () => {
  assert.deepEqual(ui.errors, []);
});
