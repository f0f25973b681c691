// Starts the other processes of the tests, in a runtime folder of the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const venvPython = join(root, ".venv", "bin", "python");

/** Makes a runtime folder, sets it for this process and those it starts, and gives what removes it. */
export function useRuntimeFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "cx-"));
  process.env["CENOTE_RUNTIME_DIR"] = path;
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Milliseconds that a process gets to end by itself once the tests are over. */
const ENDING_MS = 5000;
const running = new Set<Remote>();
// A test that has failed leaves its processes, and the runner would wait for them: some never end by themselves.
after(() => Promise.all([...running].map((remote) => remote.endSoon())));

/** Another process, which runs code that it is given. */
export class Remote {
  readonly process: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #ended: Promise<void>;

  private constructor(command: string, args: string[], env: Record<string, string>) {
    this.process = spawn(command, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    createInterface({ input: this.process.stdout! }).on("line", (line) =>
      this.#waiting.shift()?.(line),
    );
    running.add(this);
    this.#ended = new Promise((resolve) => {
      this.process.on("exit", () => {
        running.delete(this);
        for (const waiting of this.#waiting.splice(0)) waiting('{"error":"the process has ended"}');
        resolve();
      });
    });
  }

  static python(env: Record<string, string> = {}): Remote {
    const command = existsSync(venvPython) ? venvPython : "python3";
    return new Remote(command, [join(root, "test/exchange/peer.py")], env);
  }

  static node(env: Record<string, string> = {}): Remote {
    return new Remote(process.execPath, ["--expose-gc", join(root, "test/exchange/peer.ts")], env);
  }

  /** Runs code there and gives its answer. `then`: code that it runs after it has answered. */
  async run<T = unknown>(run: string, then?: string): Promise<T> {
    const line = await new Promise<string>((resolve) => {
      this.#waiting.push(resolve);
      this.process.stdin!.write(
        `${JSON.stringify(then === undefined ? { run } : { run, then })}\n`,
      );
    });
    const reply = JSON.parse(line) as { answer?: T; error?: string };
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.answer as T;
  }

  get pid(): number {
    return this.process.pid!;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.process.kill(signal);
    await this.#ended;
  }

  /** Lets it end, or kills it where it does not. */
  async endSoon(): Promise<void> {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), ENDING_MS);
    await this.end();
    clearTimeout(timer);
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    this.process.stdin!.end();
    await this.#ended;
  }
}

/** Waits until the condition holds; fails after two minutes. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
