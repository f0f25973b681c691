// The panel in a real browser on real kernels: data appear while a cell runs, equal the pool's own numbers
// afterwards to the byte, and survive restart, death and reload. Screenshots go to build/ui/.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { type Figure, LabPage, startBrowser } from "./browser.ts";
import { at, type Lab, startLab, writeNotebook } from "./lab.ts";
import { until } from "./until.ts";

const NOTEBOOK = "pool.ipynb";
const SECOND = "second.ipynb";
const PLAIN = "plain.ipynb";
const SHOTS = at("build/ui");

/** The file by which the busy cell learns that the page has seen enough of it. */
const SEEN = "seen";
/** Levels of live bytes that the page is to see while the cell runs. */
const LEVELS = 5;
/** Allocates and frees without ever yielding to the event loop for long, until the page has seen it. */
const BUSY_CELL = `import { pool } from "cenote";
import { existsSync } from "node:fs";
const held = [];
for (let step = 0; step < 90 || !existsSync("${SEEN}"); step++) {
  held.push(await pool.allocate((1 + step % 5) * 700_001, { tag: step % 3 ? "acts" : "weights" }));
  if (step % 10 === 9) for (const block of held.splice(0, step < 90 ? 5 : 10)) block.dispose();
  for (const until = Date.now() + 40; Date.now() < until; );
}`;
const STATS_CELL = `import { pool } from "cenote";
console.log("STATS" + JSON.stringify(pool.stats()) + "STATS")`;
const ADAPTER_CELL = `import { adapter } from "cenote";
const { name, software } = await adapter();
console.log("ADAPTER" + JSON.stringify({ name, software }) + "ADAPTER")`;

let lab: Lab;
let browser: Browser;
let ui: LabPage;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  lab = await startLab();
  await writeNotebook(lab, NOTEBOOK, "cenote");
  await writeNotebook(lab, SECOND, "cenote");
  await writeNotebook(lab, PLAIN, "python3");
  browser = await startBrowser();
  ui = await LabPage.open(browser, lab, NOTEBOOK);
});

after(async () => {
  await browser?.close();
  await lab?.stop();
});

/** The pool's own numbers, as a cell prints them. */
async function poolStats(): Promise<Record<"live" | "reserved" | "peakLive" | "budget", number>> {
  const printed = await ui.run(STATS_CELL);
  const found = /STATS(\{.*\})STATS/.exec(printed);
  assert.ok(found, `wanted the pool's numbers, found: ${printed}`);
  return JSON.parse(found[1]!);
}

/** Waits until the panel's number is what the pool says; the assertion then names both. */
async function agree(figure: Figure, wanted: number): Promise<void> {
  const equal = async () => (await ui.bytes(figure)) === wanted;
  await until(`${figure} is ${wanted}`, equal).catch(() => undefined);
  assert.equal(await ui.bytes(figure), wanted, figure);
  assert.equal(await ui.titleBytes(figure), wanted, `${figure}, in words`);
}

async function panelEqualsPool(): Promise<void> {
  const stats = await poolStats();
  assert.ok(stats.live > 0, "the pool holds something");
  await agree("live", stats.live);
  await agree("reserved", stats.reserved);
  await agree("peak", stats.peakLive);
  await agree("budget", stats.budget);
}

/** Runs the busy cell until the panel has shown enough levels while the prompt said [*]. */
async function watchBusyCell(): Promise<void> {
  rmSync(join(lab.work, SEEN), { force: true });
  const cell = await ui.start(BUSY_CELL);
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

async function emptyPool(): Promise<boolean> {
  return (await ui.state()) === "live" && (await ui.message()) === "No GPU memory used yet";
}

test("the panel is found in the palette, and says that nothing is used yet", async () => {
  await ui.openByPalette();
  await until("the panel is live", async () => (await ui.state()) === "live");
  assert.equal(await ui.message(), "No GPU memory used yet");
  await ui.page.screenshot({ path: `${SHOTS}/unused.png` });
});

test("live data appear while a cell runs, without a word from the page to the kernel", async () => {
  const before = ui.requests.length;
  await watchBusyCell();
  assert.deepEqual(ui.requests.slice(before), []);
  assert.deepEqual(ui.requests, ["open", "resume"], "summaries, then everything for the panel");
});

test("afterwards the panel's numbers are the pool's, to the byte", async () => {
  await panelEqualsPool();
  const status = await ui.page.locator('[data-cenote="status"]').getAttribute("data-bytes");
  assert.equal(Number(status), (await poolStats()).live);
  const printed = await ui.run(ADAPTER_CELL);
  const adapter = JSON.parse(/ADAPTER(\{.*\})ADAPTER/.exec(printed)?.[1] ?? "{}");
  const named = await ui.panel.locator('[data-cenote="adapter"]').textContent();
  assert.ok(adapter.name && named === adapter.name, `${named} for ${printed}`);
  assert.equal(await ui.panel.locator(".cenote-software").isVisible(), adapter.software);
});

test("timeline, slab map and holders are drawn, in light and in dark", async () => {
  for (const [theme, name] of [
    ["JupyterLab Light", "light"],
    ["JupyterLab Dark", "dark"],
  ] as const) {
    await ui.theme(theme);
    await until(`the timeline is drawn, ${name}`, async () =>
      ui.pixels(".cenote-timeline", "--cenote-live"),
    );
    await until(`the slab map is drawn, ${name}`, async () =>
      ui.pixels(".cenote-slabs", "--cenote-free"),
    );
    assert.ok((await ui.pixels(".cenote-slabs", "--cenote-cell-1")) > 0, "blocks of cell 1");
    await ui.page.screenshot({ path: `${SHOTS}/${name}.png` });
    await ui.panel.screenshot({ path: `${SHOTS}/panel-${name}.png` });
  }
  await ui.theme("JupyterLab Light");
  const holders = await ui.panel.locator(".cenote-grid-row").allTextContents();
  assert.ok(holders.some((text) => text.includes("acts") && text.includes("cell [1]")));
  const bytes = await ui.panel
    .locator(".cenote-grid-row [data-bytes]")
    .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute("data-bytes"))));
  const { live } = await poolStats();
  assert.equal(
    bytes.reduce((sum, each) => sum + each, 0),
    live,
    "holders hold all that is live",
  );
});

test("a block tells its tag, bytes, cell and line, by pointer and by keyboard", async () => {
  const map = ui.panel.locator(".cenote-slabs");
  await map.hover({ position: { x: 2, y: 20 } });
  const readout = ui.page.locator(".cenote-readout:visible");
  assert.match((await readout.textContent()) ?? "", /(acts|weights).*bytes.*cell \[1\] line \d+/);
  await map.focus();
  await ui.page.keyboard.press("End");
  const spoken = ui.panel.locator(".cenote-unseen[role=status]");
  assert.match((await spoken.textContent()) ?? "", /(acts|weights).*cell \[1\] line \d+/);
  await ui.page.keyboard.press("Escape");
  await readout.waitFor({ state: "hidden" });
});

test("the timeline tells its values and the time, by pointer and by keyboard", async () => {
  const line = ui.panel.locator(".cenote-timeline");
  await line.hover({ position: { x: 150, y: 90 } });
  const readout = ui.page.locator(".cenote-readout:visible");
  const told = /live .*B.*reserved .*B.*\d\d:\d\d:\d\d\.\d\d\d/;
  assert.match((await readout.textContent()) ?? "", told);
  await line.focus();
  for (const key of ["End", "ArrowLeft"]) await ui.page.keyboard.press(key);
  const spoken = ui.panel.locator(".cenote-unseen[role=status]");
  assert.match((await spoken.textContent()) ?? "", told);
  await ui.page.keyboard.press("Escape");
  await readout.waitFor({ state: "hidden" });
  const words = ui.panel.locator(".cenote-timeline + .cenote-unseen");
  assert.match((await words.textContent()) ?? "", /Live .*B, reserved .*B, peak .*B/);
});

test("a page that nobody sees asks the kernel to be silent, and is up to date again when seen", async () => {
  await ui.hide(true);
  await until("the page pauses", async () => ui.requests.at(-1) === "pause");
  await ui.hide(false);
  await until("the page resumes", async () => ui.requests.at(-1) === "resume");
  await ui.run("for (const block of held.splice(0, 3)) block.dispose();");
  await panelEqualsPool();
});

test("another kernel's notebook gets no comm, and the panel says why", async () => {
  await ui.openNotebook(PLAIN);
  await until("the panel has noticed", async () => (await ui.state()) === "foreign");
  assert.equal(await ui.message(), "This kernel has no pool");
  await ui.page.screenshot({ path: `${SHOTS}/foreign.png` });
  const plain = await ui.kernelOf(PLAIN);
  assert.ok(plain);
  assert.ok(ui.monitored.length > 0, "the monitor's messages are recognised");
  assert.ok(ui.monitored.every((url) => !url.includes(plain)));
  await ui.openNotebook(NOTEBOOK);
  await until("the pool is back", async () => (await ui.bytes("live")) !== undefined);
  await panelEqualsPool();
});

/** The line, from 0, where the selection of the console's last cell begins and is not empty. */
const selectedInConsole = () =>
  ui.page.evaluate(`(() => {
    const cell = [...window.jupyterapp.shell.currentWidget.console.cells].at(-1);
    const { start, end } = cell.editor.getSelection();
    return end.column > 0 ? start.line : undefined;
  })()`);

test("each notebook shows its own pool, and a console its own", async () => {
  const { live } = await poolStats();
  await ui.openNotebook(SECOND);
  await until("the second kernel's empty pool", emptyPool);
  await ui.run(`import { pool } from "cenote"; const one = await pool.allocate(1_000_000);`);
  await panelEqualsPool();
  await ui.openNotebook(NOTEBOOK);
  await agree("live", live);
  await ui.command("console:create", { kernelPreference: { name: "cenote" } });
  await until("the console's empty pool", emptyPool);
  await ui.page.locator(".jp-CodeConsole-promptCell .cm-content").click();
  await ui.page.keyboard.insertText(
    'import { pool } from "cenote";\nconst two = await pool.allocate(1000, { tag: "typed" });',
  );
  await ui.page.keyboard.press("Shift+Enter");
  await ui.panel.locator(".cenote-grid-row", { hasText: "typed" }).click();
  // The row leads to the console's cell, as it leads to a notebook's.
  await until("its line is selected", async () => (await selectedInConsole()) === 1);
  await ui.openNotebook(NOTEBOOK);
  await agree("live", live);
});

test("with the panel closed only the numbers flow, and what was missed is there when it opens", async () => {
  await ui.closePanel();
  await until("the page asks for the numbers only", async () => ui.requests.at(-1) === "summary");
  await until("a summary has come", async () => ui.received.at(-1) === "summary");
  const before = ui.received.length;
  await ui.run("const unseen = await pool.allocate(5_000_000, { tag: 'unseen' });");
  const { live } = await poolStats();
  const status = ui.page.locator('[data-cenote="status"]');
  await until(
    "the status item follows",
    async () => Number(await status.getAttribute("data-bytes")) === live,
  );
  assert.deepEqual([...new Set(ui.received.slice(before))], ["summary"]);
  const editors = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cm-content");
  await editors.last().click();
  await status.click();
  await panelEqualsPool();
  await ui.panel.locator(".cenote-grid-row", { hasText: "unseen" }).waitFor();
});

test("the status bar's item, the View menu and the launcher's card open the panel", async () => {
  await ui.closePanel();
  await ui.page.locator(".cenote-status button").click();
  await ui.panel.waitFor();
  await ui.closePanel();
  await ui.page.locator(".lm-MenuBar-itemLabel", { hasText: "View" }).click();
  await ui.page.locator(".lm-Menu-itemLabel", { hasText: "Show GPU memory pool" }).click();
  await ui.panel.waitFor();
  await ui.closePanel();
  await ui.command("launcher:create");
  await ui.page.locator(".jp-LauncherCard", { hasText: "GPU memory pool" }).click();
  await ui.panel.waitFor();
  assert.ok((await ui.bytes("live")) !== undefined, "the launcher leaves the notebook followed");
  await ui.openNotebook(NOTEBOOK);
});

test("a reloaded page has the panel and everything in it again, on the same comm", async () => {
  const { live } = await poolStats();
  assert.equal(await ui.monitorComms(), 1);
  await ui.command("docmanager:save");
  await ui.layoutSaved();
  await ui.page.reload();
  await ui.ready(NOTEBOOK);
  await ui.panel.waitFor();
  await agree("live", live);
  await until("the timeline is drawn", () => ui.pixels(".cenote-timeline", "--cenote-live"));
  assert.equal(await ui.monitorComms(), 1);
});

test("a lost connection is taken up again", async () => {
  const before = ui.requests.length;
  await ui.page.evaluate(
    "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()",
  );
  await until("the comm is opened anew", () => ui.requests.slice(before).includes("open"));
  await ui.run("const later = await pool.allocate(123_456);");
  await panelEqualsPool();
  assert.equal(await ui.monitorComms(), 1);
});

test("a restarted kernel is followed by itself", async () => {
  await ui.page.evaluate(
    "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()",
  );
  await until("the new kernel's empty pool", emptyPool);
  await watchBusyCell();
  await panelEqualsPool();
});

test("a kernel that dies comes back, and so does the panel", async () => {
  await ui.start("process.kill(process.pid, 'SIGKILL')");
  await ui.page.locator(".jp-Dialog button").click();
  await until("the new kernel's empty pool", emptyPool);
  await watchBusyCell();
  await panelEqualsPool();
});

test("without a kernel the panel says so", async () => {
  await ui.command("kernelmenu:shutdown");
  await until("the panel has noticed", async () => (await ui.state()) === "no-kernel");
  assert.equal(await ui.message(), "No kernel");
});

test("a page without any notebook opens the panel too", async () => {
  await ui.page.goto(`${lab.url}/lab?reset`);
  await ui.started();
  await ui.openByPalette();
  await until("the panel has something to say", () => ui.message());
  assert.equal(await ui.message(), "No notebook yet");
});

test("the page complained of nothing", () => {
  assert.deepEqual(ui.errors, []);
});
