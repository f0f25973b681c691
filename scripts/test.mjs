// Runs every check and test, after scripts/setup.mjs --test, and ends with "N passed, N failed".
// node scripts/test.mjs [STAGE …] runs only the stages named, e.g. `node scripts/test.mjs gpu wire`.
import { spawn } from "node:child_process";
import { existsSync, globSync, readdirSync } from "node:fs";
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

/** What touches the pool's memory once more, while blocks move before every operation. */
function chaosStages() {
  return ["gpu", "columns", "compute"].flatMap((folder) =>
    stagesOf(folder)
      .filter(({ command }) => command === node24)
      .map((stage) => ({ ...stage, name: `chaos: ${folder}`, env: { CENOTE_MOVE: "chaos" } })),
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

function runStage(stage, env) {
  return new Promise((resolve) => {
    const began = Date.now();
    console.log(`\n── ${stage.name}`);
    const child = spawn(stage.command, stage.args, {
      cwd: at(),
      env: { ...env, ...stage.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding("utf8");
      from.on("data", (chunk) => {
        text += chunk;
        to.write(chunk);
      });
    }
    child.on("error", (error) => resolve({ passed: 0, failed: 1, note: error.message }));
    child.on("close", (code) => {
      const count = stage.count(text, code);
      // A runner that dies, or that finds nothing to run, is a failure whatever it counted.
      if (code !== 0 && count.failed === 0) count.failed = 1;
      if (code === 0 && count.passed === 0) count.failed = 1;
      resolve({ ...count, seconds: (Date.now() - began) / 1000 });
    });
  });
}

const folders = readdirSync(at("test"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const wanted = process.argv.slice(2);
const stages = [
  ...(wanted.length === 0 || wanted.includes("static") ? STATIC : []),
  ...folders.filter((name) => wanted.length === 0 || wanted.includes(name)).flatMap(stagesOf),
  ...(wanted.length === 0 || wanted.includes("chaos") ? chaosStages() : []),
];
const env = { ...projectEnv(), CENOTE_CHROMIUM: (await findBrowser()) ?? "" };

const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];
for (const stage of stages) {
  const result = await runStage(stage, env);
  for (const key of Object.keys(total)) total[key] += result[key] ?? 0;
  rows.push(
    `${result.failed ? "✗" : "✓"} ${stage.name.padEnd(24)} ${String(result.passed).padStart(5)} passed ` +
      `${String(result.failed).padStart(3)} failed  ${(result.seconds ?? 0).toFixed(1).padStart(6)} s`,
  );
}
console.log(`\n${rows.join("\n")}\n`);
const skipped = total.skipped ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
