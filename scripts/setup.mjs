// Prepares a checkout: `npm run demo`, `npm run lab` and `npm test` all begin with it. It does what is
// missing and nothing else. Before `npm ci` it uses only Node's standard library.
// Options: --test also finds a browser; --fresh forgets what was done before.
import { existsSync } from "node:fs";
import { run, SetupError, startLog, step } from "./lib/progress.mjs";
import { forget } from "./lib/stamps.mjs";
import { prepareBrowser } from "./setup/browser.mjs";
import { buildAddon, buildExtension, buildKernel } from "./setup/builds.mjs";
import { prepareDriver } from "./setup/driver.mjs";
import { enableServerExtension, installKernelspec, linkExtension } from "./setup/jupyter.mjs";
import { findRuntime, installPackages } from "./setup/packages.mjs";
import { preparePython } from "./setup/python.mjs";

async function checkHost() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) {
    throw new SetupError(
      `wanted Node 20 or later, found ${process.version}`,
      "Install a newer Node.",
    );
  }
  const npm = (await run("npm", ["--version"])).trim().split("\n").at(-1);
  return `Node ${process.version}, npm ${npm}`;
}

/** What needs npm's packages; of apt there is one at a time, so the browser comes after the driver. */
async function prepareNode(withBrowser) {
  await step("npm packages", installPackages);
  await step("Node 24 runtime", findRuntime);
  await step("Vulkan driver", prepareDriver);
  if (withBrowser) await step("Browser", prepareBrowser);
  await step("Native addon", buildAddon);
  await step("Kernel", buildKernel);
  await step("JupyterLab extension", buildExtension);
}

async function main() {
  startLog();
  if (process.argv.includes("--fresh")) forget();
  await step("This machine", checkHost);
  // Side by side: each waits for its registry first, and then uses one core.
  const parts = [prepareNode(process.argv.includes("--test")), step("Python", preparePython)];
  const failed = (await Promise.allSettled(parts)).find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  await step("Kernelspec", installKernelspec);
  await step("Extension link", linkExtension);
  await step("Server extension", enableServerExtension);
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof SetupError ? error.message : error.stack}\n`);
  if (existsSync(".cenote/setup.log"))
    console.error("The log of every command is in .cenote/setup.log.");
  process.exit(1);
}
