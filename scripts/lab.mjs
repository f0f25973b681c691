// npm run lab [-- ARG …]: opens JupyterLab on the notebooks; arguments go to `jupyter lab`.
import { spawn } from "node:child_process";
import { at, projectEnv } from "./lib/paths.mjs";

// In containers people are root, where Jupyter wants to be told that this is meant.
const root = process.getuid?.() === 0 ? ["--allow-root"] : [];
const lab = spawn("jupyter", ["lab", at("notebooks"), ...root, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: projectEnv(),
});
// Ctrl+C reaches JupyterLab too, which asks; this process stays until it has ended.
process.on("SIGINT", () => {});
lab.on("error", (error) => {
  console.error(`jupyter could not start: ${error.message}. Run \`npm run setup\`.`);
  process.exitCode = 1;
});
lab.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
