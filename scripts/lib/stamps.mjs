// Remembers what each step was last done for, so that set-up takes seconds when nothing has changed.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, state } from "./paths.mjs";
import { readJson } from "./progress.mjs";

const file = join(state, "stamps.json");
const SKIP = new Set(["node_modules", "dist", "build", "lib", "labextension", "__pycache__"]);

function* files(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) if (!SKIP.has(name)) yield* files(join(path, name));
}

/** A digest over the contents of files and folders (relative to the checkout) and further texts. */
export function digest(paths, ...texts) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const found of files(at(path)))
      hash.update(found.slice(at().length)).update(readFileSync(found));
  }
  for (const text of texts) hash.update(`\0${text}`);
  return hash.digest("hex");
}

/** Does `body` unless it was done for the same `key` and its `outputs` are still there. Returns whether it ran. */
export async function once(name, key, outputs, body) {
  const done = readJson(file) ?? {};
  if (done[name] === key && outputs.every((path) => existsSync(path))) return false;
  await body();
  writeFileSync(file, JSON.stringify({ ...(readJson(file) ?? {}), [name]: key }, null, 2));
  return true;
}

export function forget() {
  rmSync(file, { force: true });
}
