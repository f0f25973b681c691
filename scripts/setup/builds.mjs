// What is built here: the native addon, the kernel's bundles, the prebuilt JupyterLab extension.
import { existsSync, rmSync } from "node:fs";
import { at, node24, projectEnv } from "../lib/paths.mjs";
import { capture, run } from "../lib/progress.mjs";
import { digest, once } from "../lib/stamps.mjs";

const build = (script) => run(node24, [at(script)], { cwd: at(), env: projectEnv() });

// Without the addon all works, but tables are copied: a machine without a C compiler is no failure.
export async function buildAddon() {
  const addon = at("native/build/cenote.node");
  const loads = async () =>
    !existsSync(addon) || (await capture(node24, ["-p", `require(${JSON.stringify(addon)}); 1`]));
  if (!(await loads())) rmSync(addon);
  try {
    const output = await build("native/build.mjs");
    return output.trim().split("\n").at(-1);
  } catch (error) {
    if (!/no C compiler found/.test(error.message)) throw error;
    return "not built, because there is no C compiler: tables will be copied (Debian: apt-get install gcc libc6-dev)";
  }
}

export async function buildKernel() {
  const key = digest([
    "kernel/src",
    "kernel/package.json",
    "kernel/tsconfig.types.json",
    "scripts/build.mjs",
    "package-lock.json",
  ]);
  const made = [at("kernel/dist/main.js"), at("kernel/dist/types/api/index.d.ts")];
  const ran = await once("kernel", key, made, () => build("scripts/build.mjs"));
  return ran ? "built" : "up to date";
}

export async function buildExtension(say) {
  const inputs = ["extension", "kernel/src/base", "package-lock.json"];
  const output = at("extension/labextension/package.json");
  const ran = await once("extension", digest(inputs), [output], async () => {
    say("compiling and bundling");
    await run("npm", ["run", "build", "-w", "extension"], { cwd: at(), env: projectEnv() });
  });
  return ran ? "built" : "up to date";
}
