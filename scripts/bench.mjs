// npm run bench -- NAME [ARG …]: runs a bench of bench/, each of which prints ratios against a peer that
// is measured in the same run.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { at, node24, projectEnv, python } from "./lib/paths.mjs";

const [name, ...args] = process.argv.slice(2);
const runners = { ".ts": node24, ".py": python };
const extension = Object.keys(runners).find((end) => name && existsSync(at("bench", name + end)));
if (!extension) {
  const names = readdirSync(at("bench")).filter((file) => /^[a-z]+\.(ts|py)$/.test(file));
  const known = names.map((file) => file.replace(/\.(ts|py)$/, "")).join(", ");
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${known}`);
  process.exit(2);
}
const done = spawnSync(runners[extension], [at("bench", name + extension), ...args], {
  stdio: "inherit",
  env: projectEnv(),
});
process.exit(done.status ?? 1);
