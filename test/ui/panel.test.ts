// The panel in a real browser on real kernels: data appear while a cell runs, equal the pool's own numbers
// afterwards to the byte, and survive restart, death and reload. Screenshots go to build/ui/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MONITOR_VERSION } from "../../kernel/src/base/monitor-protocol.ts";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { agree, emptyPool, panelEqualsPool, poolStats, watchBusyCell } from "./pool-page.ts";
import { until } from "./until.ts";
import { routeKernels } from "./versions.ts";

const NOTEBOOK = "pool.ipynb";
const SECOND = "second.ipynb";
const PLAIN = "plain.ipynb";
/** The version of the monitor that the kernel's messages say. */
let kernelVersion = MONITOR_VERSION;

/** Steps of the first busy cell: enough for a picture. */
const STEPS = 60;
const ADAPTER_CELL = `import { adapter } from "cenote";
const { name, software } = await adapter();
console.log("ADAPTER" + JSON.stringify({ name, software }) + "ADAPTER")`;

let lab: Lab;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote", [SECOND]: "cenote", [PLAIN]: "python3" }, async (opened) => {
  ({ lab, ui } = opened);
  await routeKernels(ui.page, () => kernelVersion);
});

test("the panel is found in the palette, and says that nothing is used yet", async () => {
  await ui.openByPalette();
  await until("the panel is live", async () => (await ui.state()) === "live");
  assert.equal(await ui.message(), "No GPU memory used yet");
  await ui.page.screenshot({ path: `${SHOTS}/unused.png` });
});

test("live data appear while a cell runs, without a word from the page to the kernel", async () => {
  const before = ui.requests.length;
  await watchBusyCell(ui, lab, STEPS);
  assert.deepEqual(ui.requests.slice(before), []);
  assert.deepEqual(ui.requests, ["open", "resume"], "summaries, then everything for the panel");
});

test("afterwards the panel's numbers are the pool's, to the byte", async () => {
  await panelEqualsPool(ui);
  const status = await ui.page.locator('[data-cenote="status"]').getAttribute("data-bytes");
  assert.equal(Number(status), (await poolStats(ui))["live"]);
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
  const live = (await poolStats(ui))["live"]!;
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
  await panelEqualsPool(ui);
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
  await panelEqualsPool(ui);
});

/** The line, from 0, where the selection of the console's last cell begins and is not empty. */
const selectedInConsole = () =>
  ui.page.evaluate(`(() => {
    const cell = [...window.jupyterapp.shell.currentWidget.console.cells].at(-1);
    const { start, end } = cell.editor.getSelection();
    return end.column > 0 ? start.line : undefined;
  })()`);

test("each notebook shows its own pool, and a console its own", async () => {
  const live = (await poolStats(ui))["live"]!;
  await ui.openNotebook(SECOND);
  await until("the second kernel's empty pool", () => emptyPool(ui));
  await ui.run(`import { pool } from "cenote"; const one = await pool.allocate(1_000_000);`);
  await panelEqualsPool(ui);
  await ui.openNotebook(NOTEBOOK);
  await agree(ui, "live", live);
  await ui.command("console:create", { kernelPreference: { name: "cenote" } });
  await until("the console's empty pool", () => emptyPool(ui));
  await ui.page.locator(".jp-CodeConsole-promptCell .cm-content").click();
  await ui.page.keyboard.insertText(
    'import { pool } from "cenote";\nconst two = await pool.allocate(1000, { tag: "typed" });',
  );
  await ui.page.keyboard.press("Shift+Enter");
  await ui.panel.locator(".cenote-grid-row", { hasText: "typed" }).click();
  // The row leads to the console's cell, as it leads to a notebook's.
  await until("its line is selected", async () => (await selectedInConsole()) === 1);
  await ui.openNotebook(NOTEBOOK);
  await agree(ui, "live", live);
});

test("with the panel closed only the numbers flow, and what was missed is there when it opens", async () => {
  await ui.closePanel();
  await until("the page asks for the numbers only", async () => ui.requests.at(-1) === "summary");
  await until("a summary has come", async () => ui.received.at(-1) === "summary");
  const before = ui.received.length;
  await ui.run("const unseen = await pool.allocate(5_000_000, { tag: 'unseen' });");
  const live = (await poolStats(ui))["live"]!;
  const status = ui.page.locator('[data-cenote="status"]');
  await until(
    "the status item follows",
    async () => Number(await status.getAttribute("data-bytes")) === live,
  );
  assert.deepEqual([...new Set(ui.received.slice(before))], ["summary"]);
  const editors = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cm-content");
  await editors.last().click();
  await status.click();
  await panelEqualsPool(ui);
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
  const live = (await poolStats(ui))["live"]!;
  assert.equal(await ui.monitorComms(), 1);
  await ui.command("docmanager:save");
  await ui.layoutSaved();
  await ui.page.reload();
  await ui.ready(NOTEBOOK);
  await ui.panel.waitFor();
  await agree(ui, "live", live);
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
  await panelEqualsPool(ui);
  assert.equal(await ui.monitorComms(), 1);
});

test("a kernel of another version is not read, and is told to be silent; of ours it is read again", async () => {
  const reconnect = () =>
    ui.page.evaluate(
      "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()",
    );
  for (const version of [MONITOR_VERSION - 1, MONITOR_VERSION + 1]) {
    kernelVersion = version;
    await reconnect();
    await until("the panel has noticed", async () => (await ui.state()) === "mismatch");
    const { textContent } = await ui.panel.locator(".cenote-message").evaluate((node) => ({
      textContent: node.textContent,
    }));
    assert.match(textContent ?? "", new RegExp(`Panel and kernel differ.*version ${version} `));
    await until("the kernel is silent", async () => (await ui.requests.at(-1)) === "pause");
  }
  await ui.page.screenshot({ path: `${SHOTS}/version.png` });
  kernelVersion = MONITOR_VERSION;
  await reconnect();
  await panelEqualsPool(ui);
});

test("a restarted kernel is followed by itself", async () => {
  await ui.page.evaluate(
    "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()",
  );
  await until("the new kernel's empty pool", () => emptyPool(ui));
  await watchBusyCell(ui, lab);
  await panelEqualsPool(ui);
});

test("a kernel that dies comes back, and so does the panel", async () => {
  await ui.start("process.kill(process.pid, 'SIGKILL')");
  await ui.page.locator(".jp-Dialog button").click();
  await until("the new kernel's empty pool", () => emptyPool(ui));
  await watchBusyCell(ui, lab);
  await panelEqualsPool(ui);
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
