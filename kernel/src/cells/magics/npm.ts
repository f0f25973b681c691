// `%npm`: runs npm in the notebook's folder and passes on what it prints.
import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { CenoteError } from "../../base/index.ts";

type Print = (name: "stdout" | "stderr", text: string) => void;

/** Npm's own defaults are for terminals, and these say nothing about what was asked. */
const QUIET = {
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_progress: "false",
  npm_config_update_notifier: "false",
  npm_config_color: "false",
};

/** Errors of npm that mean that the registry can't be reached. */
const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;
const MAX_KEPT = 20_000;

export class Npm {
  readonly #folder: string;
  readonly #print: Print;
  #running: ChildProcess | undefined;

  /** `folder`: the notebook's, where packages are to be. */
  constructor(folder: string, print: Print) {
    this.#folder = folder;
    this.#print = print;
  }

  /** Runs `npm` with these arguments. Rejects with NPM_FAILED, NO_NPM. */
  async run(text: string): Promise<void> {
    const args = words(text);
    if (args.length === 0) {
      throw new CenoteError("NPM_FAILED", "%npm: wanted a command of npm, found none", {
        mend: "For instance: %npm install d3",
      });
    }
    const { how, printed } = await this.#spawn(args);
    if (how === "ok") return;
    throw new CenoteError("NPM_FAILED", `npm ${args.join(" ")} ended with ${how}`, {
      mend: OFFLINE.test(printed)
        ? "The package registry could not be reached: is this machine offline, or behind a proxy?"
        : "What npm printed above says why.",
    });
  }

  /** Ends the npm that runs, if any. */
  stop(): void {
    const pid = this.#running?.pid;
    this.#running = undefined;
    // Its whole group: npm has children of its own.
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  }

  #spawn(args: string[]): Promise<{ how: string; printed: string }> {
    let printed = "";
    const take = (name: "stdout" | "stderr", text: string) => {
      this.#print(name, text);
      printed = (printed + text).slice(-MAX_KEPT);
    };
    return new Promise((resolve, reject) => {
      // The folder is the package: npm would else look for one further up, and change that.
      const child = spawn("npm", [...args, "--prefix", this.#folder], {
        cwd: this.#folder,
        env: { ...QUIET, ...process.env, PATH: pathWithNode() },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      this.#running = child;
      child.stdout.setEncoding("utf8").on("data", (text) => take("stdout", text));
      child.stderr.setEncoding("utf8").on("data", (text) => take("stderr", text));
      child.on("error", (cause) => {
        const mend =
          "Install Node.js with npm, so that `npm` is on the PATH of the Jupyter server.";
        reject(new CenoteError("NO_NPM", "npm could not be started", { cause, mend }));
      });
      child.on("close", (code, signal) => {
        if (this.#running === child) this.#running = undefined;
        resolve({ how: code === 0 ? "ok" : (signal ?? `code ${code}`), printed });
      });
    });
  }
}

/** npm is a script for a node of its own choice; ours serves where there is no other. */
function pathWithNode(): string {
  return [process.env["PATH"], dirname(process.execPath), join("/usr", "local", "bin")]
    .filter(Boolean)
    .join(delimiter);
}

/** Splits as a shell does: at blanks outside of quotes. */
function words(text: string): string[] {
  const found = text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g);
  return [...found].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
