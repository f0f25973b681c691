// Arrow files made by Python, in a folder that is removed when the tests end.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Table, tableFromIPC } from "apache-arrow";

/** Runs a Python script beside the caller with a fresh folder as its argument; the folder's files by name. */
export function pythonFiles(
  script: string,
  callerUrl: string,
): { arrow(name: string): Table; json(name: string): unknown } {
  const folder = mkdtempSync(join(tmpdir(), "cenote-test-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  execFileSync("python", [fileURLToPath(new URL(script, callerUrl)), folder], { stdio: "inherit" });
  return {
    arrow: (name) => tableFromIPC(readFileSync(join(folder, `${name}.arrow`))),
    json: (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")),
  };
}
