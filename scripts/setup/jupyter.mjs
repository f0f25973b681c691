// Makes the kernel and the extensions known to the JupyterLab in .venv: the kernelspec `cenote`, the server
// extension, and a link to the built extension of the page.
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
const NODE_FLAGS = ["--no-force-async-hooks-checks", "--max-semi-space-size=16"];

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

/** The server extension that runs the keeper (`cenote.keep`). */
export async function enableServerExtension() {
  const folder = join(venv, "etc/jupyter/jupyter_server_config.d");
  mkdirSync(folder, { recursive: true });
  const config = at("python/cenote_server/jupyter-config.json");
  copyFileSync(config, join(folder, "cenote_server.json"));
  return "cenote_server";
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
