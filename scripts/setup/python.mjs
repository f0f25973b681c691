// The project's own Python environment in .venv, with the cenote package (editable) and JupyterLab.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, python, venv } from "../lib/paths.mjs";
import { capture, run, SetupError } from "../lib/progress.mjs";
import { digest, once } from "../lib/stamps.mjs";

const PYTHONS = ["python3", "python3.13", "python3.12", "python3.11", "python"];
const VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3])";

async function findPython() {
  const seen = [];
  for (const command of PYTHONS) {
    const version = await capture(command, ["-c", VERSION]);
    if (!version) continue;
    const [major, minor] = version.split(".").map(Number);
    if (major === 3 && minor >= 11) return { command, version };
    seen.push(`${command} ${version}`);
  }
  throw new SetupError(
    `wanted Python 3.11 or later, found ${seen.join(", ") || "none"}`,
    "Install it (Debian, Ubuntu: apt-get install python3 python3-venv) and run the command again.",
  );
}

export async function preparePython(say) {
  const { command, version } = await findPython();
  const inputs = ["requirements.txt", "requirements.lock", "pyproject.toml"];
  const ran = await once("python", digest(inputs, version, at()), [python], async () => {
    // The scripts of an environment name its place: in a checkout that was moved it is made anew.
    const activate = join(venv, "bin", "activate");
    if (existsSync(activate) && !readFileSync(activate, "utf8").includes(venv))
      rmSync(venv, { recursive: true, force: true });
    say("making .venv");
    if (!existsSync(python)) {
      await run(command, ["-m", "venv", venv]).catch((error) => {
        throw new SetupError(
          `${error.message}`,
          "On Debian and Ubuntu the venv module is a package of its own: apt-get install python3-venv",
        );
      });
    }
    // Scripts that JupyterLab brings are CommonJS; our package.json above them says otherwise.
    writeFileSync(join(venv, "package.json"), "{}\n");
    const pip = (...args) =>
      run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args], {
        cwd: at(),
      });
    say("installing JupyterLab and the other Python packages");
    await pip("-r", "requirements.txt", "-c", "requirements.lock");
    say("installing cenote");
    await pip("--no-deps", "--no-build-isolation", "-e", ".");
  });
  return `${version}, ${ran ? "packages installed" : "up to date"}`;
}
