// From an allocation in a cell to the frame in which the panel shows it: both clocks are this machine's.
import type { LabPage } from "../../test/ui/browser.ts";

const STEPS = 60;
/** Each step has another sum of live bytes, by which the page's frames and the cell's times are joined. */
const CELL = `import { pool } from "cenote";
await pool.open();
const steps = [], blocks = [];
for (let i = 0; i < ${STEPS}; i++) {
  await new Promise((r) => setTimeout(r, 150 + (i * 37) % 100));
  blocks.push(await pool.allocate(4096));
  steps.push([pool.stats().live, performance.timeOrigin + performance.now()]);
}
console.log("STEPS" + JSON.stringify(steps) + "STEPS");
for (const block of blocks) block.dispose();`;

/** Milliseconds of each step that the panel showed as itself. */
export async function measureLatency(ui: LabPage): Promise<number[]> {
  await ui.page.evaluate(`(() => {
    const shown = (window.cenoteShown = new Map());
    const node = document.querySelector('#cenote-pool [data-cenote="live"]');
    new MutationObserver(() => {
      const bytes = Number(node.dataset.bytes);
      // The second frame begins when the first one, which has the change, is drawn.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (!shown.has(bytes)) shown.set(bytes, performance.timeOrigin + performance.now());
      }));
    }).observe(node, { attributes: true, attributeFilter: ["data-bytes"] });
  })()`);
  const printed = await ui.run(CELL);
  const steps = JSON.parse(/STEPS(.*)STEPS/s.exec(printed)?.[1] ?? "[]") as [number, number][];
  const shown = new Map((await ui.page.evaluate("[...window.cenoteShown]")) as [number, number][]);
  return steps.flatMap(([live, time]) => {
    const at = shown.get(live);
    return at === undefined ? [] : [at - time];
  });
}
