// Where things are in a checkout. Only Node's standard library: this runs before `npm ci`.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const at = (...parts) => join(root, ...parts);
export const state = at(".cenote");
export const node24 = at("node_modules", "node", "bin", "node");
export const venv = at(".venv");
export const python = join(venv, "bin", "python");

/** The environment that set-up chose (driver variables), with Node 24 and the project's Python first on PATH. */
export function projectEnv() {
  const file = join(state, "env.json");
  const chosen = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return {
    ...process.env,
    ...chosen,
    PATH: [join(venv, "bin"), dirname(node24), at("node_modules", ".bin"), process.env.PATH].join(
      ":",
    ),
    VIRTUAL_ENV: venv,
  };
}
