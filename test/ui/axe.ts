// What axe-core finds serious or critical in parts of a page.
import assert from "node:assert/strict";
import type { LabPage } from "./browser.ts";
import { at } from "./lab.ts";

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Looks at what the selectors find; `rules`: what there must have been something to look at for. */
export async function violations(
  { page }: LabPage,
  selectors: readonly string[],
  rules: readonly string[] = ["color-contrast", "button-name"],
): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) {
    await page.addScriptTag({ path: at("node_modules/axe-core/axe.min.js") });
  }
  const include = JSON.stringify(selectors.map((selector) => [selector]));
  const { passed, violations: found } = (await page.evaluate(
    `axe.run({ include: ${include} })
      .then(({ passes, violations }) => ({ passed: passes.map(({ id }) => id), violations }))`,
  )) as { passed: string[]; violations: Violation[] };
  for (const rule of rules) assert.ok(passed.includes(rule), `${rule} was looked at`);
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}
