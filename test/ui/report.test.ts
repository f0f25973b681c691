// The pool's report in a real browser: in the cell that made it, in a notebook that nobody has said to trust,
// and in exported HTML with no kernel. Its figures are the pool's own, to the byte.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until } from "./until.ts";

const NOTEBOOK = "report.ipynb";
const UNTRUSTED = "from-elsewhere.ipynb";
const WORK = `import { pool } from "cenote";
await pool.open();
const weights = [];
for (let i = 0; i < 12; i++) weights.push(await pool.allocate(1_000_000 + i * 70_000, { tag: "weights" }));
pool.mark("epoch 1");
for (let i = 0; i < 30; i++) (await pool.allocate(2_000_000, { tag: "acts" })).dispose();
const kept = await pool.allocate(3_000_000, { tag: "acts" });`;

let lab: Lab;
let browser: Browser;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote" }, (opened) => {
  ({ lab, browser, ui } = opened);
});

/** Two pictures that are drawn, and the live bytes that the report tells. */
async function read(report: Locator): Promise<{ pictures: number; words: string }> {
  const pictures = await report
    .locator("img[src^='data:image/svg']")
    .evaluateAll((found) => found.filter((one) => one.getBoundingClientRect().height > 20).length);
  return { pictures, words: await report.innerText() };
}

const live = async () => {
  const printed = await ui.run('console.log("LIVE" + pool.stats().live)');
  return Number(/LIVE(\d+)/.exec(printed)?.[1]);
};

test("in the cell: pictures and the pool's own figures", async () => {
  await ui.run(WORK);
  await ui.run("pool.report()");
  const report = ui.page.locator(".jp-RenderedHTMLCommon", { hasText: "Who holds it" });
  const { pictures, words } = await read(report);
  assert.equal(pictures, 2);
  assert.ok(words.includes(`${(await live()).toLocaleString("en")} bytes`), words);
  assert.match(words, /weights\s+cell \[1\] line 4\s+12/);
  await report.scrollIntoViewIfNeeded();
  await ui.page.screenshot({ path: `${SHOTS}/report.png` });
});

/** Exports the notebook as `nbconvert --to html` does, as the bare page in which nbviewer puts it, and sanitised. */
const EXPORT = `import sys
from nbconvert import HTMLExporter
for name, options in (("lab", {}), ("basic", {"template_name": "basic"}),
                      ("sanitised", {"template_name": "basic", "sanitize_html": True})):
    html, _ = HTMLExporter(**options).from_filename(sys.argv[1])
    open(f"{sys.argv[2]}/{name}.html", "w", encoding="utf-8").write(html)
`;

/** Opens an exported page as somebody without network, and without scripts, would. */
async function exported(name: string): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 1600 },
    javaScriptEnabled: false,
  });
  await page.route(/^https?:/, (route) => route.abort());
  await page.goto(pathToFileURL(join(lab.work, `${name}.html`)).href);
  return page;
}

test("exported to HTML it is the same, with no kernel, no network and no scripts", async () => {
  await ui.command("docmanager:save");
  const path = join(lab.work, NOTEBOOK);
  await until("it is saved", async () => (await readFile(path, "utf8")).includes("Who holds it"));
  await promisify(execFile)("python", ["-c", EXPORT, path, lab.work]);
  const bytes = `${(await live()).toLocaleString("en")} bytes`;
  for (const name of ["lab", "basic"]) {
    const page = await exported(name);
    const { pictures, words } = await read(page.locator("body"));
    assert.equal(pictures, 2, name);
    assert.ok(words.includes(bytes), name);
    for (const one of await page.locator("img").all()) {
      assert.match((await one.getAttribute("src")) ?? "", /^data:/, "no picture is elsewhere");
    }
    if (name === "lab") await page.screenshot({ path: `${SHOTS}/report-exported.png` });
    await page.close();
  }
  // What is let through of HTML then has no pictures; figures and tables stay.
  const sanitised = await exported("sanitised");
  const words = await sanitised.locator("body").innerText();
  assert.ok(words.includes(bytes));
  assert.match(words, /weights\s+cell \[1\] line 4\s+12/);
  await sanitised.close();
});

test("a notebook that is not trusted shows it too", async () => {
  const notebook = JSON.parse(await readFile(join(lab.work, NOTEBOOK), "utf8"));
  notebook.metadata.copied = true; // another text than the one that was signed
  for (const cell of notebook.cells) delete cell.metadata.trusted;
  const outputs = notebook.cells.flatMap((cell: { outputs?: object[] }) => cell.outputs ?? []);
  const html = outputs.find((one: { data?: object }) => one.data && "text/html" in one.data);
  html.data["text/html"] = `${[html.data["text/html"]].flat().join("")}<!-- changed -->`;
  await writeFile(join(lab.work, UNTRUSTED), JSON.stringify(notebook));
  await ui.openNotebook(UNTRUSTED);
  const report = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedHTMLCommon", {
    hasText: "Who holds it",
  });
  const { pictures, words } = await read(report);
  assert.equal(pictures, 2);
  assert.match(words, /weights\s+cell \[1\] line 4\s+12/);
  await ui.page.screenshot({ path: `${SHOTS}/report-untrusted.png` });
});
