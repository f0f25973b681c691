// The first tutorial as its reader sees it: both notebooks open in JupyterLab, run from the top, the panel
// beside them. The picture in the README is this test's build/ui/tutorial.png.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { LabPage, startBrowser } from "./browser.ts";
import { at, type Lab, startLab } from "./lab.ts";
import { until } from "./until.ts";

const PYTHON = "01-two-languages.python.ipynb";
const TYPESCRIPT = "01-two-languages.typescript.ipynb";
/** Three million rows on a software adapter, on a machine that may be busy. */
const LONG = 300_000;

let lab: Lab;
let browser: Browser;
let ui: LabPage;
/** The link by which the notebooks' cells find npm's packages. */
let modules: string | undefined;

before(async () => {
  lab = await startLab();
  for (const name of [PYTHON, TYPESCRIPT]) cpSync(at("notebooks", name), join(lab.work, name));
  modules = join(lab.work, "..", "node_modules");
  symlinkSync(at("node_modules"), modules);
  browser = await startBrowser();
  ui = await LabPage.open(browser, lab, PYTHON);
});

after(async () => {
  await browser?.close();
  await lab?.stop();
  // Beside the folder that a shared JupyterLab empties: other files are to find none.
  if (modules) rmSync(modules, { force: true });
});

/** Text of the current notebook's outputs. */
async function outputs(): Promise<string> {
  const areas = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output");
  return (await areas.allTextContents()).join("\n");
}

/** Not awaited in the page: the command ends when the last cell does. */
async function start(command: string): Promise<void> {
  await ui.page.evaluate(`void window.jupyterapp.commands.execute(${JSON.stringify(command)})`);
}

/** Waits until the prompt of the current notebook's code cell, counted from the end, has a number. */
async function ran(fromEnd: number): Promise<void> {
  const cells = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell");
  const prompt = cells.nth((await cells.count()) - fromEnd).locator(".jp-InputPrompt");
  await until("the cells ran", async () => /\d/.test((await prompt.textContent()) ?? ""), LONG);
}

test("both notebooks run from the top, and the Python one finds the results equal", async () => {
  await start("notebook:run-all-cells");
  await ui.openNotebook(TYPESCRIPT);
  const coloured = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cm-line span[class]");
  await until("the code is highlighted", async () => (await coloured.count()) > 5);
  await ui.openByPalette();
  const last = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").last();
  await last.locator(".cm-content").click();
  await start("notebook:run-all-above");
  await ran(2);
  assert.doesNotMatch(await outputs(), /Error/);
  await ui.openNotebook(PYTHON);
  await ran(1);
  assert.match(await outputs(), /equal: 24 rows/);
});

test("the panel shows the table's columns, and nothing once it is disposed", async () => {
  await ui.openNotebook(TYPESCRIPT);
  const live = await ui.bytes("live");
  assert.ok(live !== undefined && live > 3_000_000 * 8, `the panel shows ${live} live bytes`);
  mkdirSync(at("build/ui"), { recursive: true });
  await ui.command("application:toggle-left-area");
  await ui.page.locator("p", { hasText: "Showing the result runs it" }).scrollIntoViewIfNeeded();
  const holders = await ui.panel.locator(".cenote-grid-row").allTextContents();
  assert.equal(holders.length, 5, `a holder for each column, found: ${holders}`);
  await ui.page.screenshot({ path: at("build/ui/tutorial.png") });
  const last = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").last();
  await last.locator(".cm-content").click();
  await start("notebook:run-cell");
  await until("nothing is live", async () => (await ui.bytes("live")) === 0);
  assert.deepEqual(ui.errors, []);
});
