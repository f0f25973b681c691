// Makes the pictures of the README anew: runs the browser tests that take them, and copies what they took.
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { at, node24, projectEnv } from "./lib/paths.mjs";
import { findBrowser } from "./setup/browser.mjs";

const PICTURES = { "tutorial.png": "panel.png" };

const env = { ...projectEnv(), CENOTE_CHROMIUM: (await findBrowser()) ?? "" };
const test = at("test/ui/tutorial.test.ts");
const { status } = spawnSync(node24, ["--test", test], { cwd: at(), env, stdio: "inherit" });
if (status !== 0) process.exit(1);
for (const [taken, picture] of Object.entries(PICTURES)) {
  copyFileSync(at("build/ui", taken), at("docs/images", picture));
}
