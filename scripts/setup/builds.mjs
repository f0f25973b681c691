// What is built here: the native addon, the kernel's bundles, the prebuilt JupyterLab extension.
import { at, node24, projectEnv } from "../lib/paths.mjs";
import { run } from "../lib/progress.mjs";
import { digest, once } from "../lib/stamps.mjs";

const build = (script) => run(node24, [at(script)], { cwd: at(), env: projectEnv() });

export async function buildAddon() {
  const output = await build("native/build.mjs");
  return output.trim().split("\n").at(-1);
}

export async function buildKernel() {
  const key = digest([
    "kernel/src",
    "kernel/package.json",
    "scripts/build.mjs",
    "package-lock.json",
  ]);
  const ran = await once("kernel", key, [at("kernel/dist/main.js")], () =>
    build("scripts/build.mjs"),
  );
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
