// Types as a reader of a notebook sees them: errors under their cell though they come after its end,
// completion with kinds, and documentation in a tooltip.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabPage } from "./browser.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until } from "./until.ts";

let ui: LabPage;

openBefore({ "types.ipynb": "cenote" }, (opened) => {
  ({ ui } = opened);
});

test("errors of types are shown under their cell, which has run", async () => {
  const cell = await ui.start(
    "/** How late, in minutes. */\nconst delay: number = 'late';\n" +
      "class Flight { delay = 1; land() {} }\nconst flight = new Flight();\ndelay",
  );
  await cell.done();
  await until("the error is shown", async () => /not assignable/.test(await cell.output()));
  const output = await cell.output();
  assert.match(output, /'late'/, "the cell has run");
  assert.match(output, /line 2:7/);
  const marked = ui.page.locator(".cenote-types pre span");
  assert.equal(await marked.textContent(), "delay");
  assert.match((await marked.getAttribute("style")) ?? "", /underline/, "its style is kept");
});

test("completion lists members with their kinds", async () => {
  const editor = ui.page.locator(".jp-CodeCell .cm-content").last();
  await editor.click();
  await ui.page.keyboard.insertText("[flight].map((f) => f.");
  await ui.page.keyboard.press("Tab");
  const items = ui.page.locator(".jp-Completer-item");
  await until("the completer opens", async () => (await items.count()) === 2);
  assert.deepEqual(await items.locator(".jp-Completer-match").allTextContents(), ["delay", "land"]);
  assert.deepEqual(await items.locator(".jp-Completer-typeExtended").allTextContents(), [
    "property",
    "method",
  ]);
  await ui.page.screenshot({ path: `${SHOTS}/types.png` });
  await ui.page.keyboard.press("Escape");
});

test("the tooltip has signature and documentation", async () => {
  await ui.page.locator(".jp-CodeCell .cm-content").last().click();
  await ui.page.keyboard.press("Control+A");
  await ui.page.keyboard.insertText("delay");
  await ui.page.keyboard.press("Shift+Tab");
  const tooltip = ui.page.locator(".jp-Tooltip");
  await tooltip.waitFor();
  const text = (await until("the tooltip is filled", () => tooltip.textContent())) ?? "";
  assert.match(text, /const delay: number/);
  assert.match(text, /How late, in minutes\./);
});
