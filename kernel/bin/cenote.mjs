#!/usr/bin/env node
// Starts the command line on a Node that is new enough, with the driver that set-up chose. Plain
// JavaScript for any Node from 20, because that is what `npx` may run it with.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const kernel = fileURLToPath(new URL("..", import.meta.url));
const checkout = join(kernel, "..");
const cli = join(kernel, "dist", "cli.js");
if (!existsSync(cli)) {
  console.error("Cenote is not built yet. Run `npm run setup` in the checkout.");
  process.exit(1);
}

const bundled = join(checkout, "node_modules", "node", "bin", "node");
const major = Number(process.versions.node.split(".")[0]);
const runtime = existsSync(bundled) ? bundled : process.execPath;
if (runtime === process.execPath && major < 22) {
  console.error(`Cenote wants Node 22 or later, found ${process.version}. Run \`npm run setup\`.`);
  process.exit(1);
}

const chosen = join(checkout, ".cenote", "env.json");
const env = existsSync(chosen) ? readChosen() : {};

function readChosen() {
  try {
    return JSON.parse(readFileSync(chosen, "utf8"));
  } catch {
    console.error(
      `${chosen} is not JSON, and was left out. Run \`npm run setup\` to write it again.`,
    );
    return {};
  }
}

const venv = join(checkout, ".venv", "bin");
const done = spawnSync(runtime, [cli, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: {
    ...process.env,
    ...env,
    ...(existsSync(venv) ? { PATH: `${venv}:${process.env.PATH}` } : {}),
  },
});
process.exit(done.status ?? 1);
