// Chromium for the browser test: one that is installed, or Debian's when we are root there.
import { existsSync } from "node:fs";
import { capture, SetupError } from "../lib/progress.mjs";
import { aptInstall } from "./driver.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of a Chromium, from CENOTE_CHROMIUM or PATH. */
export async function findBrowser() {
  const named = process.env.CENOTE_CHROMIUM;
  if (named && existsSync(named)) return named;
  for (const name of NAMES) {
    const path = await capture("sh", ["-c", `command -v ${name}`]);
    if (path) return path;
  }
  return undefined;
}

export async function prepareBrowser(say) {
  let found = await findBrowser();
  if (!found && existsSync("/usr/bin/apt-get") && process.getuid?.() === 0) {
    await aptInstall(say, ["chromium"]);
    found = await findBrowser();
  }
  if (!found) {
    throw new SetupError(
      "the browser test needs Chromium, and none was found",
      "Install it (Debian: apt-get install chromium) or set CENOTE_CHROMIUM to the path of a Chromium or Chrome.",
    );
  }
  return found;
}
