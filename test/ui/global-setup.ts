// One JupyterLab and one Chromium for a run of all browser tests, whose files run one after the other.
import type { BrowserServer } from "playwright-core";
import { SHARED_BROWSER, startBrowserServer } from "./browser.ts";
import { type Lab, SHARED_LAB, startOwnLab } from "./lab.ts";

let lab: Lab | undefined;
let browser: BrowserServer | undefined;

export async function globalSetup(): Promise<void> {
  browser = await startBrowserServer();
  try {
    lab = await startOwnLab();
  } catch (error) {
    // Nobody tears down what was not set up.
    await globalTeardown();
    throw error;
  }
  process.env[SHARED_LAB] = JSON.stringify({ url: lab.url, work: lab.work });
  process.env[SHARED_BROWSER] = browser.wsEndpoint();
}

export async function globalTeardown(): Promise<void> {
  await browser?.close();
  await lab?.stop();
}
