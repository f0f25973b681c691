// The panel of shared tables, in a real browser on a TypeScript and a Python kernel: what it lists is what the
// kernels say of each other, also while a cell runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.ts";
import type { LabPage } from "./browser.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until } from "./until.ts";

const TYPESCRIPT = "shared-ts.ipynb";
const PYTHON = "shared-py.ipynb";

let ui: LabPage;

openBefore({ [TYPESCRIPT]: "cenote", [PYTHON]: "python3" }, async (opened) => {
  ({ ui } = opened);
  await ui.command("cenote:show-shared");
});

const panel = () => ui.page.locator("#cenote-exchange");
const card = (name: string) => panel().locator(`.cenote-name[data-name="${name}"]`);
const message = async () =>
  (await panel().locator(".cenote-message:not([hidden]) h3").allTextContents())[0];
const fact = async (name: string, key: string) =>
  (await card(name).locator(`[data-cenote="${key}"]`).allTextContents()).join("; ");
const number = (text: string): number => Number(/NUMBER(\d+)/.exec(text)?.[1]);

test("with nothing shared it says how to share", async () => {
  await until("the kernel has answered", async () => (await message()) === "Nothing is shared");
  await ui.page.screenshot({ path: `${SHOTS}/exchange-empty.png` });
});

test("a table that TypeScript shares is listed, to the byte", async () => {
  const printed = await ui.run(`import { put, get, release } from "cenote";
import { tableFromArrays } from "apache-arrow";
const shared = await put("flights", tableFromArrays({ delay: new Int32Array(50_000).map((_, i) => i), name: Array.from({ length: 50_000 }, (_, i) => "flight " + i) }));
console.log("NUMBER" + shared.bytes)`);
  await card("flights").waitFor();
  const size = card("flights").locator(".cenote-name-size");
  assert.equal(Number(await size.getAttribute("data-bytes")), number(printed));
  assert.match((await size.textContent()) ?? "", /^50,000 rows × 2 columns · /);
  assert.match(await fact("flights", "owner"), /^this kernel \(TypeScript \d+\)$/);
  assert.equal(await fact("flights", "readers"), "nobody");
  assert.match((await card("flights").locator(".cenote-chip").textContent()) ?? "", /no copies/);
});

test("the first rows are previewed while a cell runs", async () => {
  const cell = await ui.start("for (;;);");
  await until("the cell runs", cell.running);
  await card("flights").locator("button", { hasText: "Preview" }).click();
  const table = card("flights").locator(".cenote-table");
  await table.waitFor();
  assert.equal(await cell.running(), true, "the answer came while the cell ran");
  assert.match((await table.locator("b").first().textContent()) ?? "", /^100 rows × 2 columns$/);
  await ui.page.screenshot({ path: `${SHOTS}/exchange.png` });
  await ui.command("notebook:interrupt-kernel");
  await cell.done();
  assert.deepEqual(await violations(ui, ["#cenote-exchange"]), []);
  await card("flights").locator("button", { hasText: "Preview" }).click();
  await table.waitFor({ state: "detached" });
});

test("the line that gets it is copied, in either language", async () => {
  await ui.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => ui.page.evaluate("navigator.clipboard.readText()");
  await card("flights").locator("button", { hasText: "Copy TypeScript" }).click();
  await until("it is copied", async () => String(await copied()).includes("await get"));
  assert.equal(
    await copied(),
    'import { get } from "cenote";\nconst flights = await get("flights");',
  );
  await card("flights").locator("button", { hasText: "Copy Python" }).click();
  await until("it is copied", async () => String(await copied()).startsWith("import cenote"));
  assert.equal(await copied(), 'import cenote\nflights = cenote.get("flights")');
});

test("a Python kernel: not before cenote is loaded; then readers and versions", async () => {
  await ui.openNotebook(PYTHON);
  await until("it says what to do", async () => (await message()) === "Cenote is not loaded");
  await ui.page.screenshot({ path: `${SHOTS}/exchange-unloaded.png` });
  const printed = await ui.run(
    `import cenote, os\nflights = cenote.get("flights")\nprint(f"NUMBER{os.getpid()}")`,
  );
  await card("flights").waitFor();
  const pid = number(printed);
  await until("Python reads it", async () =>
    (await fact("flights", "readers")).includes(String(pid)),
  );
  await ui.openNotebook(TYPESCRIPT);
  await card("flights").waitFor();
  assert.match(await fact("flights", "readers"), new RegExp(`${pid}$`));
  await ui.run('await put("flights", tableFromArrays({ delay: new Int32Array(7) }))');
  await until("the older version is listed", async () => (await fact("flights", "older")) !== "");
  assert.match(await fact("flights", "older"), new RegExp(`^version 1, .*, read by .*${pid}$`));
  assert.equal(await fact("flights", "readers"), "nobody");
  await ui.page.screenshot({ path: `${SHOTS}/exchange-versions.png` });
});

test("a table that Python shares is shown and previewed in Python", async () => {
  await ui.openNotebook(PYTHON);
  await ui.run(
    'import pyarrow as pa\ndel flights\ncenote.put("python table", pa.table({"n": range(300)}))',
  );
  await card("python table").waitFor();
  assert.match(await fact("python table", "owner"), /^this kernel \(Python \d+\)$/);
  await card("python table").locator("button", { hasText: "Preview" }).click();
  await card("python table").locator(".cenote-table").waitFor();
  await until("the old version has gone", async () => (await fact("flights", "older")) === "");
  await ui.run("cenote.show(pa.table({'n': range(2_000_000)}))");
  const table = ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cenote-table").last();
  await table.waitFor();
  await until("the kernel serves it", () =>
    table.locator("button", { hasText: "Statistics" }).isEnabled(),
  );
  await table.locator("button", { hasText: "Statistics" }).click();
  await until("it is counted", async () => (await table.innerText()).includes("1,999,999"));
});

test("a name is taken back, after asking", async () => {
  await card("python table").locator("button", { hasText: "Take back" }).click();
  await ui.page.locator(".jp-Dialog-content").waitFor();
  assert.deepEqual(await violations(ui, [".jp-Dialog-content"], ["button-name"]), []);
  await ui.page.locator(".jp-Dialog button", { hasText: "Take back" }).click();
  await card("python table").waitFor({ state: "detached" });
  assert.match(await ui.run("print([t.name for t in cenote.list()])"), /^\['flights'\]/);
});

test("no errors in the console", () => {
  assert.deepEqual(ui.errors, []);
});
