// Makes the kernel and the extension known to the JupyterLab in .venv: the kernelspec `cenote`, and a
// link to the built extension.
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { at, node24, state, venv } from "../lib/paths.mjs";
import { readJson } from "../lib/progress.mjs";

/** Why: see kernel/src/main.ts, which starts itself again where one is missing. */
const NODE_FLAGS = [
  "--no-force-async-hooks-checks",
  "--max-semi-space-size=16",
  "--no-compilation-cache",
  "--no-turboshaft-loop-unrolling",
  "--no-maglev-osr",
  "--no-concurrent-osr",
];

export async function installKernelspec() {
  const folder = join(venv, "share/jupyter/kernels/cenote");
  mkdirSync(folder, { recursive: true });
  const spec = {
    argv: [node24, ...NODE_FLAGS, at("kernel/dist/main.js"), "{connection_file}"],
    display_name: "TypeScript (Cenote)",
    language: "typescript",
    interrupt_mode: "message",
    env: readJson(join(state, "env.json")) ?? {},
    metadata: { debugger: false },
  };
  writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
  copyFileSync(at("kernel/assets/logo-svg.svg"), join(folder, "logo-svg.svg"));
  return "cenote, TypeScript (Cenote)";
}

export async function linkExtension() {
  const target = at("extension/labextension");
  const link = join(venv, "share/jupyter/labextensions/cenote-lab");
  mkdirSync(join(link, ".."), { recursive: true });
  if (existsSync(link) || lstatSync(link, { throwIfNoEntry: false }))
    rmSync(link, { recursive: true });
  symlinkSync(target, link, "dir");
  return "cenote-lab";
}
