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

async function main() {
  startLog();
  if (process.argv.includes("--fresh")) forget();
  await step("This machine", checkHost);
  await step("npm packages", installPackages);
  await step("Node 24 runtime", findRuntime);
  await step("Python", preparePython);
  await step("Vulkan driver", prepareDriver);
  await step("Native addon", buildAddon);
  await step("Kernel", buildKernel);
  await step("JupyterLab extension", buildExtension);
  await step("Kernelspec", installKernelspec);
  await step("Extension link", linkExtension);
  await step("Server extension", enableServerExtension);
  if (process.argv.includes("--test")) await step("Browser", prepareBrowser);
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof SetupError ? error.message : error.stack}\n`);
  if (existsSync(".cenote/setup.log"))
    console.error("The log of every command is in .cenote/setup.log.");
  process.exit(1);
}
