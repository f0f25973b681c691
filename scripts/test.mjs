// Runs every check and test, after scripts/setup.mjs --test, and ends with "N passed, N failed".
// node scripts/test.mjs [STAGE …] runs only the stages named, e.g. `node scripts/test.mjs gpu wire`.
// Most stages use one core, and many wait for other processes, so several run at a time: what a stage prints
// comes when it has ended. --one-by-one shows it as it comes.
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { at, node24, projectEnv, python } from "./lib/paths.mjs";
import { findBrowser } from "./setup/browser.mjs";

const modules = (path) => at("node_modules", path);
const tests = (folder, pattern) => globSync(at("test", folder, "**", pattern)).sort();
const check = (name, command, args) => ({ name, command, args, count: countOne });

const PYTHON_CODE = ["python", "test", "bench", "scripts"].filter((folder) =>
  existsSync(at(folder)),
);
const STATIC = [
  check("format and lint", modules(".bin/biome"), ["ci", "."]),
  check("types", node24, [modules("typescript/lib/tsc.js"), "-p", at()]),
  check("extension types", node24, [modules("typescript/lib/tsc.js"), "-p", at("extension")]),
  check("import rule", node24, [
    modules("dependency-cruiser/bin/dependency-cruise.mjs"),
    ...["kernel/src", "extension/src", "--config", at(".dependency-cruiser.cjs")],
  ]),
  check("python format", python, ["-m", "ruff", "format", "--check", ...PYTHON_CODE]),
  check("python lint", python, ["-m", "ruff", "check", ...PYTHON_CODE]),
  check("python types", python, ["-m", "mypy"]),
];

/** A stage a folder of test/: its *.test.ts under node:test, its test_*.py under pytest. */
function stagesOf(folder) {
  const stages = [];
  const node = tests(folder, "*.test.ts");
  if (node.length > 0) {
    const options = ["--test-reporter=spec", "--test-concurrency=1", "--expose-gc"];
    const properties = pathToFileURL(at("test/properties.ts")).href;
    const setup = at("test", folder, "global-setup.ts");
    if (existsSync(setup)) options.push(`--test-global-setup=${setup}`);
    const args = ["--test", ...options, "--import", properties, ...node];
    stages.push({ name: folder, command: node24, args, count: countNode });
  }
  const py = tests(folder, "test_*.py");
  if (py.length > 0) {
    const args = ["-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", ...py];
    stages.push({ name: `${folder} (python)`, command: python, args, count: countPytest });
  }
  return stages;
}

/** Of the tests of tensors those that run once more in chaos: they touch all kinds of kernels in a few seconds. */
const TENSORS_IN_CHAOS = /(?:kernels|robust|golden|sparse)\.test\.ts$/;
/** And of those of queries the ones that don't: they go through one element-wise kernel, or the host's. */
const QUERIES_NOT_IN_CHAOS =
  /(?:casts|constants|expressions|float64|golden|host|input|limits|narrow)\.test\.ts$/;

/** What touches the pool's memory once more, while blocks move before every operation. */
function chaosStages() {
  const taken = (folder, arg) => {
    if (!arg.endsWith(".test.ts")) return true;
    if (folder === "tensor") return TENSORS_IN_CHAOS.test(arg);
    return folder !== "compute" || !QUERIES_NOT_IN_CHAOS.test(arg);
  };
  return ["gpu", "columns", "compute", "tensor"].flatMap((folder) =>
    stagesOf(folder)
      .filter(({ command }) => command === node24)
      .map((stage) => ({
        ...stage,
        args: stage.args.filter((arg) => taken(folder, arg)),
        name: `chaos: ${folder}`,
        env: { CENOTE_MOVE: "chaos" },
      })),
  );
}

function countOne(_, code) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function number(text, pattern) {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function countNode(text) {
  const failed = number(text, /^ℹ fail (\d+)/m) + number(text, /^ℹ cancelled (\d+)/m);
  const skipped = number(text, /^ℹ skipped (\d+)/m) + number(text, /^ℹ todo (\d+)/m);
  return { passed: number(text, /^ℹ pass (\d+)/m), failed, skipped };
}

function countPytest(text) {
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  const failed = number(last, /(\d+) failed/) + number(last, /(\d+) errors?/);
  return { passed: number(last, /(\d+) passed/), failed, skipped: number(last, /(\d+) skipped/) };
}

/**
 * Mesa's software adapter spends more time on making a kernel than tests do on running it. Without LLVM's passes it
 * makes one in three quarters of the time; results are the same.
 */
const QUICK_KERNELS = { GALLIVM_PERF: "nopt" };

/** Runs a stage with a runtime folder of its own: kernels of another would be its peers. */
async function runStage(stage, env, live) {
  const folder = mkdtempSync(join(tmpdir(), "ct-"));
  const own = { ...QUICK_KERNELS, ...env, ...stage.env, CENOTE_RUNTIME_DIR: folder };
  const began = Date.now();
  const { code, text, note, processor } = await output(stage, own, live);
  rmSync(folder, { recursive: true, force: true });
  const count = stage.count(text, code);
  // A runner that dies, or that finds nothing to run, is a failure whatever it counted.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  if (code === 0 && count.passed === 0) count.failed = 1;
  const seconds = (Date.now() - began) / 1000;
  console.log(live ? "" : `\n── ${stage.name}\n${note ?? text.trimEnd()}`);
  return { ...count, seconds, processor };
}

/** Runs what it is given, and tells on descriptor 3 what processor time that and its children took. */
const TIMED = '"$@" 3>&-; code=$?; times >&3; exit $code';

/** Seconds of processor time of the children, user's and system's, as a shell's `times` has them in its second line. */
function processorSeconds(times) {
  const spans = times.split("\n")[1]?.matchAll(/(\d+)m([\d.]+)s/g) ?? [];
  return [...spans].reduce((sum, [, minutes, rest]) => sum + 60 * minutes + Number(rest), 0);
}

/** What a stage's command prints, in the order it came, also to the terminal where it is `live`. */
function output(stage, env, live) {
  return new Promise((resolve) => {
    const stdio = ["ignore", "pipe", "pipe", "pipe"];
    const args = ["-c", TIMED, "sh", stage.command, ...stage.args];
    const child = spawn("/bin/sh", args, { cwd: at(), env, stdio });
    let text = "";
    let times = "";
    child.stdio[3].setEncoding("utf8").on("data", (chunk) => (times += chunk));
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding("utf8");
      from.on("data", (chunk) => {
        text += chunk;
        if (live) to.write(chunk);
      });
    }
    child.on("error", (error) => resolve({ code: 1, text, note: error.message }));
    child.on("close", (code) => {
      resolve({ code, text, processor: processorSeconds(times) });
    });
  });
}

/**
 * The longest first, or the last one would run alone. What runs the same kernels stands apart: a software driver
 * compiles each once, keeps it on disk, and the second stage finds it there.
 */
const LONGEST = [
  "compute",
  "wire (python)",
  "tensor",
  "exchange (python)",
  "ui",
  "chaos: compute",
  "exchange",
];
const rank = ({ name }) => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length);

/** Runs the stages, `lanes` at a time; their results in the order given. */
async function runAll(stages, env, lanes) {
  const results = new Map();
  const waiting = stages.toSorted((a, b) => rank(a) - rank(b));
  const lane = async () => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) {
      console.log(`… ${stage.name}`);
      results.set(stage, await runStage(stage, env, lanes === 1));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return stages.map((stage) => [stage, results.get(stage)]);
}

const folders = readdirSync(at("test"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const options = process.argv.slice(2);
const wanted = options.filter((name) => name !== "--one-by-one");
const groups = [
  ["static", STATIC],
  ...folders.map((name) => [name, stagesOf(name)]),
  ["chaos", chaosStages()],
];
const asked = (group, { name }) =>
  wanted.length === 0 || wanted.includes(group) || wanted.includes(name);
const stages = groups.flatMap(([group, of]) => of.filter((stage) => asked(group, stage)));
const known = groups.flatMap(([group, of]) => [group, ...of.map(({ name }) => name)]);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No stage ${unknown.join(", ")}. There are: ${[...new Set(known)].join(", ")}`);
  process.exit(2);
}
const env = { ...projectEnv(), CENOTE_CHROMIUM: (await findBrowser()) ?? "" };
const oneByOne = options.includes("--one-by-one") || stages.length === 1;
// One more than two cores need: of three stages one or the other waits.
const lanes = oneByOne || availableParallelism() === 1 ? 1 : 3;

const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];
for (const [stage, result] of await runAll(stages, env, lanes)) {
  for (const key of Object.keys(total)) total[key] += result[key] ?? 0;
  rows.push(
    `${result.failed ? "✗" : "✓"} ${stage.name.padEnd(24)} ${String(result.passed).padStart(5)} passed ` +
      `${String(result.failed).padStart(3)} failed  ${result.seconds.toFixed(1).padStart(6)} s, ` +
      `${(result.processor ?? 0).toFixed(1).padStart(6)} s of processor`,
  );
}
console.log(`\n${rows.join("\n")}\n`);
const skipped = total.skipped ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
