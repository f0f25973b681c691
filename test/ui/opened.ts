// A JupyterLab with notebooks of a test file's own, the first of them open in a browser: started before the
// file's tests, ended after them.
import { mkdirSync } from "node:fs";
import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { LabPage, startBrowser } from "./browser.ts";
import { at, type Lab, startLab, writeNotebook } from "./lab.ts";

/** Where the tests' screenshots go. */
export const SHOTS = at("build/ui");

export interface Opened {
  lab: Lab;
  browser: Browser;
  ui: LabPage;
}

/** `kernels`: the kernel of each notebook, by the notebook's file name. `take` is given what was opened, and awaited. */
export function openBefore(
  kernels: Record<string, string>,
  take: (opened: Opened) => void | Promise<void>,
): void {
  let lab: Lab;
  let browser: Browser;
  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    lab = await startLab();
    for (const [name, kernel] of Object.entries(kernels)) await writeNotebook(lab, name, kernel);
    browser = await startBrowser();
    const ui = await LabPage.open(browser, lab, Object.keys(kernels)[0]!);
    await take({ lab, browser, ui });
  });
  after(async () => {
    await browser?.close();
    await lab?.stop();
  });
}
