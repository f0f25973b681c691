// How the panel looks, and what of it is saved: pictures are saved zoomed, taken back in time, filtered, in the
// theme, also while a cell runs; all of it can be reached by keyboard, fits, and passes axe-core.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./axe.ts";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";
import { openBefore, SHOTS } from "./opened.ts";
import { drawn, savedPicture } from "./pictures.ts";
import { until } from "./until.ts";

const NOTEBOOK = "pictures.ipynb";
/** A name that is no XML as it is. */
const MARK = '<b> & "c"\u0001';

let lab: Lab;
let ui: LabPage;

openBefore({ [NOTEBOOK]: "cenote" }, (opened) => {
  ({ lab, ui } = opened);
});

const note = () =>
  ui.panel
    .locator(".cenote-section", { has: ui.page.locator(".cenote-slabs") })
    .locator(".cenote-note")
    .textContent();

test("before the pool is used there is no picture, and it is said why", async () => {
  await ui.command("cenote:save-picture", { picture: "slabs", format: "svg" });
  await ui.page.locator(".Toastify__toast", { hasText: "No GPU memory used yet" }).waitFor();
});

test("with the keyboard alone one opens the panel, and comes to all that can be used", async () => {
  await ui.run(`import { pool } from "cenote";
const held = [];
for (let i = 0; i < 6; i++) held.push(await pool.allocate(2_000_000, { tag: i < 2 ? "acts" : "weights" }));
pool.mark(${JSON.stringify(MARK)});
held.push(await pool.allocate(300_000, { tag: "late" }));`);
  await ui.openByPalette();
  const focused = () =>
    ui.page.evaluate(`(() => {
      const { activeElement: node } = document;
      if (!node.closest("#cenote-pool")) return "outside";
      return node.getAttribute("aria-label") ?? node.placeholder ?? node.textContent;
    })()`) as Promise<string>;
  await until("the panel has the focus", async () => (await focused()) !== "outside");
  const found: string[] = [];
  await until("all of it was gone through", async () => {
    await ui.page.keyboard.press("Tab");
    found.push(await focused());
    return found.at(-1) === "outside" || found.length > 40;
  });
  assert.deepEqual(found, [
    ...["Pause", "Time shown", "Live, reserved and spilled bytes over time"],
    ...["Colour of the blocks", "Play", "Moment that the map shows"],
    "Map of the slabs and their blocks",
    ...["Snapshot", "What the table is about", "What the rows are"],
    ...["Filter by tag, cell or line", "Holders of memory", "outside"],
  ]);
});

test("the slabs are saved as they are, and as they were", async () => {
  await until("all blocks", async () => /7 blocks/.test((await note()) ?? ""));
  const shown = Number(await ui.panel.locator(".cenote-slabs").evaluate((one) => one.clientWidth));
  await ui.closePanel();
  const now = await drawn(ui, await savedPicture(ui, lab, "slabs", "svg"));
  assert.ok(now.width > shown && shown > 100, `${now.width} pixels of a panel that was away`);
  assert.ok(now.texts.includes((await note()) ?? ""), now.texts.join("; "));
  assert.ok(
    now.texts.some((text) => text.startsWith(NOTEBOOK)),
    "it says whose it is",
  );
  const colour = (await ui.page.evaluate(
    `getComputedStyle(document.querySelector("#cenote-pool")).getPropertyValue("--cenote-cell-1")`,
  )) as string;
  assert.equal(now.fills[colour.trim()], 7, "a box a block");
  await ui.panel.locator(".cenote-slider").focus();
  await ui.page.keyboard.press("Home");
  await until("nothing yet", async () => /0 blocks/.test((await note()) ?? ""));
  const before = await drawn(ui, await savedPicture(ui, lab, "slabs", "svg"));
  assert.ok(before.texts.includes((await note()) ?? ""));
  assert.equal(before.fills[colour.trim()], undefined);
  await ui.page.keyboard.press("End");
});

test("the timeline is saved as it is zoomed", async () => {
  const whole = await drawn(ui, await savedPicture(ui, lab, "timeline", "svg"));
  const mark = MARK.replace("\u0001", "\ufffd");
  assert.ok(whole.texts.includes(mark), whole.texts.join("; "));
  for (const key of ["live", "reserved"]) assert.ok(whole.texts.includes(key));
  await ui.panel.locator(".cenote-timeline").focus();
  await ui.page.keyboard.press("End");
  for (let i = 0; i < 12; i++) await ui.page.keyboard.press("+");
  await ui.panel.locator(".cenote-button", { hasText: "Follow" }).waitFor();
  const end = await drawn(ui, await savedPicture(ui, lab, "timeline", "svg"));
  assert.ok(!end.texts.includes(mark), "the mark is not in view");
  for (const _ of [1, 2]) await ui.page.keyboard.press("Escape");
});

test("holders are saved as they are filtered, while a cell runs, and as PNG in the dark", async () => {
  const cell = await ui.start("for (;;);");
  await until("the cell runs", cell.running);
  await ui.panel.locator(".cenote-filter").fill("acts");
  const rows = ui.panel.locator(".cenote-grid-row");
  await until("one row", async () => (await rows.count()) === 1);
  const svg = await savedPicture(ui, lab, "holders", "svg");
  const { texts } = await drawn(ui, svg);
  const shown = await rows.first().innerText();
  assert.ok(shown.includes("acts") && texts.includes("acts"), texts.join("; "));
  assert.ok(!texts.includes("weights"));
  const bytes = await rows.first().locator("[data-bytes]").textContent();
  assert.ok(texts.includes(bytes ?? ""), texts.join("; "));
  assert.equal(await cell.running(), true);
  await ui.command("notebook:interrupt-kernel");
  await cell.done();
  await ui.panel.locator(".cenote-filter").fill("");
  await ui.theme("JupyterLab Dark");
  for (const picture of ["timeline", "slabs", "holders"] as const) {
    const png = await savedPicture(ui, lab, picture, "png");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    const { width } = await drawn(ui, await savedPicture(ui, lab, picture, "svg"));
    assert.equal(png.readUInt32BE(16), Math.ceil(2 * width), "twice the pixels");
    writeFileSync(`${SHOTS}/saved-${picture}.png`, png);
  }
});

/** The attribute of an element that carries data-cenote. */
const told = (name: string, attribute: string) =>
  ui.panel.locator(`[data-cenote="${name}"]`).getAttribute(attribute);

const serious = () =>
  violations(
    ui,
    ["#cenote-pool", ".cenote-cell-badge"],
    ["color-contrast", "aria-required-children", "button-name"],
  );

test("axe-core finds nothing serious, in any theme", async () => {
  for (const theme of ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]) {
    await ui.theme(theme);
    await until("the map is drawn", () => ui.pixels(".cenote-slabs", "--cenote-free"));
    assert.deepEqual(await serious(), [], theme);
    const name = theme.toLowerCase().replaceAll(" ", "-");
    await ui.panel.screenshot({ path: `${SHOTS}/views-${name}.png` });
  }
  await ui.theme("JupyterLab Light");
});

/** Pixels from the panel's left edge to its right one, and whether all in it fits. */
async function fit(): Promise<{ width: number; fits: boolean }> {
  return (await ui.page.evaluate(`(() => {
    const panel = document.querySelector("#cenote-pool");
    const { right, width } = panel.getBoundingClientRect();
    const canvas = panel.querySelector(".cenote-timeline");
    const fits = canvas.width === Math.round(canvas.clientWidth * window.devicePixelRatio) &&
      [...panel.querySelectorAll("*")].every((node) => node.getBoundingClientRect().right <= right + 1);
    return { width, fits };
  })()`)) as { width: number; fits: boolean };
}

test("the panel fits whatever width it has", async () => {
  const narrow = (await fit()).width;
  const box = (await ui.panel.boundingBox())!;
  for (const wider of [300, 0]) {
    // The handle between the notebook and the sidebar.
    const from = (await ui.panel.boundingBox())!.x - 2;
    await ui.page.mouse.move(from, 400);
    await ui.page.mouse.down();
    await ui.page.mouse.move(box.x - 2 - wider, 400, { steps: 5 });
    await ui.page.mouse.up();
    await until(`${wider} pixels wider, all fits`, async () => {
      const { width, fits } = await fit();
      return fits && Math.abs(width - narrow - wider) < 20;
    });
  }
});

test("with reduced motion a replay goes in steps of a second, and still arrives", async () => {
  await ui.page.emulateMedia({ reducedMotion: "reduce", forcedColors: "active" });
  const slider = ui.panel.locator(".cenote-slider");
  const [begin, end] = await Promise.all(["min", "max"].map((at) => slider.getAttribute(at)));
  // It goes on from where the slider is: what is left of eight seconds are three.
  await slider.fill(String(Math.round(Number(begin) + (Number(end) - Number(begin)) * 0.65)));
  const play = ui.panel.locator(".cenote-button", { hasText: /^Play$/ });
  await play.click();
  const moments = new Set<string>();
  await until("the replay is over", async () => {
    moments.add((await told("moment", "data-moment")) ?? "");
    return (await play.count()) === 1;
  });
  assert.ok(moments.size > 1 && moments.size <= 6, `${moments.size} pictures in three seconds`);
  assert.deepEqual(await serious(), [], "with forced colours too");
  await ui.page.emulateMedia({ reducedMotion: "no-preference", forcedColors: "none" });
});

test("the page complained of nothing", () => {
  assert.deepEqual(ui.errors, []);
});
