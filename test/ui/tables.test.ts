// Arrow tables in outputs, in a real browser on real kernels: what the grid shows is what the table holds, from
// the first row to the last of ten million, sorted, and with its statistics; a part is saved in the notebook.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import type { Locator } from "playwright-core";
import { violations } from "./axe.ts";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { until as untilWithin } from "./until.ts";

/** Ten million rows, on a machine that may be busy. */
const LONG = 300_000;
const until = <T>(what: string, holds: () => T | Promise<T>) => untilWithin(what, holds, LONG);

const NOTEBOOK = "tables.ipynb";
const ROWS = 10_000_000;
/** Keys to the first cell and to the last. */
const FIRST = ["Control+ArrowUp", "Control+ArrowLeft"];
const LAST = ["Control+ArrowDown", "Control+ArrowRight"];
const MIME = "application/vnd.apache.arrow.stream";

/**
 * Row i has the value (i × 7919) mod ROWS, but every seventh row null (where i mod 7 is 3); the amount i / 4; and
 * one of three cities.
 */
const LARGE = `import { Data, Dictionary, Int32, makeData, makeVector, Table, Utf8, Vector, vectorFromArray } from "apache-arrow";
function large(n) {
  const values = new Int32Array(n).map((_, i) => (i * 7919) % n);
  const amounts = new Float64Array(n).map((_, i) => i / 4);
  const codes = new Int32Array(n).map((_, i) => i % 3);
  const isValid = (i) => (i % 7 === 3 ? 0 : 1);
  const nullBitmap = new Uint8Array(Math.ceil(n / 8)).map((_, byte) => {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) bits |= isValid(8 * byte + bit) << bit;
    return bits;
  });
  const nullCount = Math.ceil((n - 3) / 7);
  const dictionary = vectorFromArray(["Lima", "Oslo", "Rome"], new Utf8());
  const city = makeData({ type: new Dictionary(new Utf8(), new Int32()), data: codes, dictionary });
  const value = makeData({ type: new Int32(), data: values, nullBitmap, nullCount });
  return new Table({ value: new Vector([value]), amount: makeVector(amounts), city: new Vector([city]) });
}
const table = large(${ROWS});
table`;

let lab: Lab;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote" }, (opened) => {
  ({ lab, ui } = opened);
});

const lastTable = (): Locator =>
  ui.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cenote-table").last();
const spoken = async (table: Locator) =>
  (await table.locator(".cenote-table-bar .cenote-unseen").textContent()) ?? "";
const note = async (table: Locator) =>
  (await table.locator(".cenote-faint[role=status]").textContent()) ?? "";
const live = (table: Locator) =>
  table.locator(".cenote-button", { hasText: "Statistics" }).isEnabled();

/** Goes to a cell by keys and waits until its value is told. */
async function cell(table: Locator, ...keys: string[]): Promise<string> {
  await table.locator(".lm-DataGrid").focus();
  for (const key of keys) await ui.page.keyboard.press(key);
  await until("the cell's value is there", async () => {
    const text = await spoken(table);
    return text !== "" && !text.includes("loading");
  });
  return spoken(table);
}

test("ten million rows: the first and the last are shown, from the kernel", async () => {
  await ui.run(LARGE);
  const table = lastTable();
  await table.waitFor();
  await until("the kernel serves the table", () => live(table));
  assert.match(
    (await table.locator(".cenote-table-bar b").textContent()) ?? "",
    /^10,000,000 rows × 3 columns$/,
  );
  await table.locator(".lm-DataGrid").click({ position: { x: 120, y: 60 } });
  assert.equal(await cell(table, ...FIRST), "row 0, value: 0");
  assert.equal(await cell(table, "ArrowDown"), "row 1, value: 7919");
  const last = ROWS - 1;
  assert.equal(
    await cell(table, ...LAST),
    `row ${last.toLocaleString("en")}, city: ${["Lima", "Oslo", "Rome"][last % 3]}`,
  );
  assert.equal(
    await cell(table, "ArrowLeft"),
    `row ${last.toLocaleString("en")}, amount: ${last / 4}`,
  );
  await ui.page.screenshot({ path: `${SHOTS}/table.png` });
});

/** By what a value is multiplied, modulo ROWS, to get its row: 7919 and ROWS have no common divisor. */
const INVERSE = (() => {
  const n = BigInt(ROWS);
  // Right for the last digit; each step doubles the digits for which it is.
  let inverse = 9n;
  for (let digits = 1; digits < 7; digits *= 2) inverse = (inverse * (2n - 7919n * inverse)) % n;
  return (inverse + n) % n;
})();

/** The row that has this value; undefined where that row is null. */
function rowOf(value: number): number | undefined {
  const row = Number((BigInt(value) * INVERSE) % BigInt(ROWS));
  assert.equal((row * 7919) % ROWS, value);
  return row % 7 === 3 ? undefined : row;
}

/** The first rows, in the order of the values from one on, that are not null. */
function inOrder(value: number, step: 1 | -1, count: number): number[] {
  const rows: number[] = [];
  for (let v = value; rows.length < count; v += step) {
    const row = rowOf(v);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

test("sorted by a click on a column's head, then the other way; nulls come last", async () => {
  const table = lastTable();
  const head = { position: { x: 120, y: 12 } };
  await table.locator(".lm-DataGrid").click(head);
  await until("it is sorted", async () => (await note(table)) === "");
  await until(
    "the column is named",
    async () => (await table.locator("select").inputValue()) === "0",
  );
  const told = (place: number, row: number) =>
    `row ${place.toLocaleString("en")}, amount: ${row / 4}`;
  await cell(table, ...FIRST);
  assert.equal(await cell(table, "ArrowRight"), told(0, inOrder(0, 1, 1)[0]!));
  await ui.page.screenshot({ path: `${SHOTS}/table-sorted.png` });
  await table.locator(".lm-DataGrid").click(head);
  const [greatest, second] = inOrder(ROWS - 1, -1, 2);
  await until("it is sorted the other way", async () => {
    await cell(table, ...FIRST);
    return (await cell(table, "ArrowRight")) === told(0, greatest!);
  });
  assert.equal(await cell(table, "ArrowDown"), told(1, second!));
  assert.match(await cell(table, ...LAST, "ArrowLeft", "ArrowLeft"), /value: null$/);
  await table.locator("select").selectOption("");
  await until("it is as it was", async () => {
    await cell(table, ...FIRST);
    return (await cell(table, "ArrowDown")) === "row 1, value: 7919";
  });
});

test("statistics: nulls, least, greatest, mean and frequencies are those of all rows", async () => {
  const table = lastTable();
  await table.locator(".cenote-button", { hasText: "Statistics" }).click();
  const card = (i: number) => table.locator(".cenote-card").nth(i);
  await until("all are counted", async () => {
    return (await table.locator(".cenote-card", { hasText: "counting" }).count()) === 0;
  });
  const nulls = Math.ceil((ROWS - 3) / 7);
  const text = async (i: number) => (await card(i).innerText()).replace(/\s+/g, " ");
  assert.match(await text(0), new RegExp(`null ${nulls.toLocaleString("en")} \\(14 %\\)`));
  assert.match(await text(0), /least 0 greatest 9,999,999 mean/);
  assert.match(await text(1), /least 0 greatest 2,499,999.75 mean 1,250,000 null none/);
  assert.match(await text(2), /Lima 33 %.* different 3 null none/);
  const bins = await card(1).locator("svg").getAttribute("aria-label");
  const counts = bins!
    .replace("Histogram: ", "")
    .split(", ")
    .map((one) => Number(one.replaceAll(",", "")));
  assert.equal(
    counts.reduce((sum, one) => sum + one, 0),
    ROWS,
  );
  await ui.page.screenshot({ path: `${SHOTS}/table-statistics.png` });
  assert.deepEqual(await violations(ui, [".cenote-table"]), []);
  await ui.theme("JupyterLab Dark");
  await ui.page.screenshot({ path: `${SHOTS}/table-dark.png` });
  await ui.theme("JupyterLab Light");
});

test("rows that are not here wait for the running cell, and it is said", async () => {
  const table = lastTable();
  const busy = await ui.start("for (;;);");
  await until("the cell runs", busy.running);
  // The notebook takes the focus for its new cell: a click takes it back.
  await table.locator(".lm-DataGrid").click({ position: { x: 120, y: 60 } });
  for (const key of LAST) await ui.page.keyboard.press(key);
  // The last rows are here since the first test; these are a message or two before them.
  for (let page = 0; page < 30; page++) await ui.page.keyboard.press("PageUp");
  await until("it is said", async () => (await note(table)).includes("when the running cell has"));
  await ui.command("notebook:interrupt-kernel");
  await busy.done();
  assert.match(await cell(table), /city: \w+$/);
  await until("nothing is said any more", async () => (await note(table)) === "");
});

test("a part is saved in the notebook, and shown without a kernel", async () => {
  await ui.command("docmanager:save");
  const saved = async () => JSON.parse(await readFile(join(lab.work, NOTEBOOK), "utf8"));
  const output = async () => (await saved()).cells[0].outputs?.at(-1);
  await until("the notebook is saved", async () => (await output())?.data?.[MIME] !== undefined);
  const { data, metadata } = await output();
  const bytes = Buffer.from(data[MIME], "base64");
  assert.ok(bytes.length <= 256 * 1024, `${bytes.length} bytes are saved`);
  assert.equal(tableFromIPC(bytes).numRows, 1000);
  assert.equal(metadata[MIME].rows, ROWS);
  await ui.command("kernelmenu:shutdown");
  const table = lastTable();
  await until("the grid says so", async () =>
    (await note(table)).includes("the first 1,000 are saved here"),
  );
  assert.equal(await cell(table, ...FIRST, "ArrowDown"), "row 1, value: 7919");
  assert.equal(await live(table), false, "no sort without the rest of the rows");
});

test("no errors in the console", () => {
  assert.deepEqual(ui.errors, []);
});
