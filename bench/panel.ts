// The panel in a real page on a real kernel: npm run bench -- panel [SECTION …], of frames, cost, latency.
//   frames   at 1,000,000 events and 100,000 live blocks, while events come and while the pool stands still,
//            beside the same page with the panel closed: processor time of the page's main thread a frame, and
//            the clock's time between frames, which other processes of a shared machine lengthen; page memory
//   cost     a busy cell's processor time with the panel open, by turns with the panel closed
//   latency  from an allocation to the frame that shows it
// Chromium has no GPU here: it draws with the processor. Needs what the browser tests need (npm run setup).
import { LabPage, startBrowser } from "../test/ui/browser.ts";
import { startLab, writeNotebook } from "../test/ui/lab.ts";
import { until } from "../test/ui/until.ts";
import { type Frames, heapBytes, measureFrames } from "./panel/frames.ts";
import { measureLatency } from "./panel/latency.ts";
import { median, quantile } from "./pool/figures.ts";

const SECTIONS = ["frames", "cost", "latency"];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SECTIONS.includes(name));
if (unknown.length > 0) {
  console.error(`wanted sections of ${SECTIONS.join(", ")}; found ${unknown.join(", ")}`);
  process.exit(2);
}
const runs = (section: string) => wanted.length === 0 || wanted.includes(section);

/** 100,000 live blocks, then pairs until there were 1,000,000 events, no faster than the page gets them all. */
const FILL = `import { pool } from "cenote";
await pool.open();
const held = [];
const pace = async (i) => { if (i % 4000 === 0) await new Promise((r) => setTimeout(r, 40)); };
for (let i = 0; i < 100_000; i++) {
  held.push(await pool.allocate(256 * (1 + (i % 40)), { tag: "tag " + (i % 20) }));
  await pace(i);
}
for (let i = 0; i < 450_000; i++) {
  const at = (i * 7919) % held.length;
  held[at].dispose();
  held[at] = await pool.allocate(256 * (1 + (i % 40)), { tag: "tag " + (i % 20) });
  await pace(i);
}
const { allocations, frees, liveBlocks } = pool.stats();
console.log("EVENTS " + (allocations + frees) + " BLOCKS " + liveBlocks);`;
/** A program that keeps allocating until it is interrupted, some 20,000 events a second. */
const STREAM = `for (let i = 0; ; i++) {
  const at = (i * 7919) % held.length;
  held[at].dispose();
  held[at] = await pool.allocate(256 * (1 + (i % 40)), { tag: "tag " + (i % 20) });
  if (i % 200 === 0) await new Promise((r) => setTimeout(r, 10));
}`;
/** Processor time of the cell's own thread, and of the kernel's others, for the same work. */
const BUSY = `{
  const all = process.cpuUsage(), own = process.threadCpuUsage();
  for (let i = 0; i < 1_500_000; i++) (await pool.allocate(1000)).dispose();
  const thread = process.threadCpuUsage(own), whole = process.cpuUsage(all);
  const cell = thread.user + thread.system;
  console.log("COST " + cell + " " + (whole.user + whole.system - cell));
}`;
const PAIRS = 5;

const ms = (value: number) => `${value.toFixed(1)} ms`;
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const ends = (values: number[]) => `p50 ${ms(median(values))} p99 ${ms(quantile(values, 0.99))}`;

function tellFrames(name: string, { work, gaps, processor, callbacks }: Frames): void {
  const perSecond = 1000 / (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
  console.log(`  ${name}`);
  console.log(
    `    processor time a frame: main thread ${ends(processor)}, scripts ${ends(callbacks)}`,
  );
  console.log(
    `    by the clock: work ${ends(work)}, between frames ${ends(gaps)}, ${perSecond.toFixed(0)} a second`,
  );
}

async function frames(ui: LabPage): Promise<void> {
  const before = await heapBytes(ui.page);
  await ui.openByPalette();
  const printed = await ui.run(FILL);
  console.log(`frames, at ${/EVENTS .*/.exec(printed)?.[0]?.toLowerCase() ?? printed}`);
  await ui.panel.locator('select[aria-label="Time shown"]').selectOption("0");
  const hidden = await ui.panel.locator('[data-cenote="hidden-changes"]').textContent();
  console.log(`  the timeline says: ${hidden || "nothing hidden"}`);
  console.log(
    `  page memory: ${mib(await heapBytes(ui.page))}, ${mib(before)} before the panel was open`,
  );
  tellFrames("pointer over the timeline", await measureFrames(ui, ".cenote-timeline"));
  tellFrames("pointer over the slabs", await measureFrames(ui, ".cenote-slabs"));
  const stream = await ui.start(STREAM);
  await until("the stream runs", stream.running);
  tellFrames("while events come", await measureFrames(ui, undefined));
  await ui.closePanel();
  tellFrames("the same, panel closed", await measureFrames(ui, undefined));
  await ui.command("notebook:interrupt-kernel");
  await stream.done();
}

async function cost(ui: LabPage): Promise<void> {
  await ui.run(`import { pool } from "cenote"; await pool.open();`);
  const figures: Record<"open" | "closed", { cell: number[]; others: number[] }> = {
    open: { cell: [], others: [] },
    closed: { cell: [], others: [] },
  };
  const once = async () => {
    const [, cell, others] = /COST (\d+) (-?\d+)/.exec(await ui.run(BUSY)) ?? [];
    return { cell: Number(cell) / 1000, others: Number(others) / 1000 };
  };
  await once();
  for (let pair = 0; pair < PAIRS; pair++) {
    // By turns which comes first, so that what the machine does meanwhile meets both.
    for (const name of pair % 2 === 0
      ? (["open", "closed"] as const)
      : (["closed", "open"] as const)) {
      const isOpen = await ui.panel.isVisible();
      if (name === "open" && !isOpen) await ui.openByPalette();
      if (name === "closed" && isOpen) await ui.closePanel();
      const { cell, others } = await once();
      figures[name].cell.push(cell);
      figures[name].others.push(others);
    }
  }
  const [open, closed] = [median(figures.open.cell), median(figures.closed.cell)];
  console.log(`cost of watching 1,500,000 pairs, processor time, medians of ${PAIRS} by turns`);
  console.log(
    `  the cell's thread: ${ms(open)} open, ${ms(closed)} closed, ratio ${(open / closed).toFixed(3)}`,
  );
  const others = median(figures.open.others) - median(figures.closed.others);
  console.log(
    `  the kernel's other threads: ${ms(others)} more, ${((others / closed) * 100).toFixed(1)} % of the cell's`,
  );
}

async function latency(ui: LabPage): Promise<void> {
  if (!(await ui.panel.isVisible())) await ui.openByPalette();
  const latencies = await measureLatency(ui);
  console.log(
    `latency from an allocation to its frame, of ${latencies.length}: ${ends(latencies)}`,
  );
}

const MEASURE: Record<string, (ui: LabPage) => Promise<void>> = { frames, cost, latency };
const lab = await startLab();
const browser = await startBrowser();
try {
  const chosen = SECTIONS.filter(runs);
  const notebook = (section: string) => `${section}.ipynb`;
  for (const section of chosen) await writeNotebook(lab, notebook(section), "cenote");
  const ui = await LabPage.open(browser, lab, notebook(chosen[0]!));
  for (const section of chosen) {
    // A kernel of its own: one section's events are not another's.
    await ui.openNotebook(notebook(section));
    await MEASURE[section]!(ui);
  }
} finally {
  await browser.close();
  await lab.stop();
}
