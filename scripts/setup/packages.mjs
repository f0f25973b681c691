// The npm packages of the lock file, and Node 24 among them (npm package `node`).
import { existsSync } from "node:fs";
import { at, node24 } from "../lib/paths.mjs";
import { capture, run, SetupError } from "../lib/progress.mjs";
import { digest, once } from "../lib/stamps.mjs";

const npm = (...args) => run("npm", args, { cwd: at() });

export async function installPackages(say) {
  const manifests = [
    "package-lock.json",
    "package.json",
    "kernel/package.json",
    "extension/package.json",
  ];
  const ran = await once(
    "packages",
    digest(manifests),
    [at("node_modules/.package-lock.json")],
    async () => {
      say("npm ci");
      await npm("ci", "--no-audit", "--no-fund");
    },
  );
  return ran ? "installed" : "up to date";
}

export async function findRuntime(say) {
  const version = () => capture(node24, ["--version"]);
  let found = existsSync(node24) ? await version() : undefined;
  if (!found) {
    // npm may have been told to skip install scripts; this one only fetches the package with the binary.
    say("npm rebuild node");
    await npm("rebuild", "node", "--ignore-scripts=false");
    found = await version();
  }
  if (!found) {
    throw new SetupError(
      `Node 24 is not in node_modules/node: no binary for ${process.platform}-${process.arch}`,
      "Run `npm rebuild node --ignore-scripts=false` and look at what it prints.",
    );
  }
  return found;
}
