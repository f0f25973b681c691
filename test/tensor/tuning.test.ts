// Kernels that are measured on the adapter at hand: stored for other processes, which then measure nothing, and never
// in the way: not as a broken file, not as one of another version, not where the folder can't be written.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "cenote-tuning-"));
after(() => rmSync(folder, { recursive: true, force: true }));
/** Where the driver keeps what it compiled, which takes long. */
const compiled = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
const file = join(folder, "cenote", "tuning.json");
const script = fileURLToPath(new URL("./tuning-process.ts", import.meta.url));

interface Told {
  measured: { work: string; plan: string; milliseconds: number; usualMilliseconds: number }[];
  listed: { work: string; plan: string }[];
  /** Dispatches of the products alone, and while tuning ran. */
  dispatches: [number, number];
  /** What the four products are computed by afterwards. */
  used: string[];
  error?: string;
}

/** What a new process tells, and what it wrote to its standard error. */
function run(words: string[], env: Record<string, string> = {}): { told: Told; errors: string } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...words], {
    env: { ...process.env, MESA_SHADER_CACHE_DIR: compiled, XDG_CACHE_HOME: folder, ...env },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return { told: JSON.parse(stdout), errors: stderr };
}

const adapters = () => JSON.parse(readFileSync(file, "utf8")).adapters;

test("what one process measures, the next one uses and does not measure; broken files are told and replaced", () => {
  const { told: first } = run(["tune"]);
  assert.equal(
    first.measured.length,
    2,
    "two classes: of four products two are alike, and one is small",
  );
  for (const { milliseconds, usualMilliseconds } of first.measured)
    assert.ok(milliseconds > 0 && milliseconds <= usualMilliseconds);
  assert.deepEqual(Object.values(adapters()), [first.measured]);
  assert.deepEqual(
    readdirSync(join(folder, "cenote")).filter((name) => /tuning/.test(name)),
    ["tuning.json"],
  );

  // Another plan than the usual one in the file is what the next process computes with.
  const all = JSON.parse(readFileSync(file, "utf8"));
  const [key] = Object.keys(all.adapters) as [string];
  for (const one of all.adapters[key]) one.plan = "registers 2x2";
  all.adapters["another adapter"] = [first.measured[0]];
  writeFileSync(file, JSON.stringify(all));
  const { told: second, errors } = run(["tune"]);
  assert.deepEqual(second.measured, []);
  assert.equal(
    second.dispatches[1],
    second.dispatches[0],
    "tuning computes the products, and nothing more",
  );
  assert.deepEqual(second.used.slice(0, 3), Array(3).fill("registers 2x2"));
  assert.doesNotMatch(errors, /cenote/);

  const { told: off, errors: silent } = run(["tune"], { CENOTE_TUNING: "off" });
  assert.equal(off.error, "TUNING_OFF");
  assert.ok(!off.used.includes("registers 2x2"), `${off.used}`);
  assert.doesNotMatch(silent, /cenote/);

  // A file that is none, of another version, or of other contents.
  for (const text of [
    "{",
    '{"version":99,"adapters":{}}',
    JSON.stringify({ version: all.version, adapters: { [key]: [{ work: 1, plan: "rm -rf" }] } }),
  ]) {
    writeFileSync(file, text);
    const { told, errors: lines } = run(["use"]);
    assert.equal(lines.match(/cenote: measured kernels in .* are not used/g)?.length, 1, lines);
    assert.deepEqual(told.listed, []);
  }
  writeFileSync(file, JSON.stringify(all));
  const { told: cleared } = run(["clear"]);
  assert.deepEqual(cleared.listed, []);
  assert.deepEqual(Object.keys(adapters()), ["another adapter"]);
});

test("where there can be no folder, what was measured serves the process", () => {
  const none = join(folder, "a file");
  writeFileSync(none, "");
  const { told, errors } = run(["tune"], { XDG_CACHE_HOME: none });
  assert.equal(told.error, undefined);
  assert.equal(told.measured.length, 2);
  assert.match(errors, /serve this process only/);
});
