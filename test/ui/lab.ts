// A JupyterLab for the browser tests: temporary folders, a free port, the extension and the kernel as set-up
// installed them. Everything it starts is ended by `stop`. A run of many files starts one for all of them
// (global-setup.ts), of which each file's `stop` ends the kernels and forgets what the file left.
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const FORCED = { recursive: true, force: true, maxRetries: 5 } as const;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const at = (...parts: string[]) => join(root, ...parts);

export interface Lab {
  url: string;
  /** Where notebooks lie. */
  work: string;
  stop(): Promise<void>;
}

/** Names the variable by which the files of one run learn of their JupyterLab: JSON of its url and folder. */
export const SHARED_LAB = "CENOTE_UI_LAB";

/** The run's JupyterLab, or one of the caller's own; resolves when it answers. */
export async function startLab(): Promise<Lab> {
  const shared = process.env[SHARED_LAB];
  if (!shared) return startOwnLab();
  const { url, work } = JSON.parse(shared) as Pick<Lab, "url" | "work">;
  const stop = async () => {
    await endKernels(url);
    const home = dirname(work);
    // What users change is kept there: the next file finds none of it.
    for (const left of ["settings", "workspaces"]) await rm(join(home, left), FORCED);
    for (const name of await readdir(work)) await rm(join(work, name), FORCED);
  };
  return { url, work, stop };
}

/** Starts JupyterLab; resolves when it answers. */
export async function startOwnLab(): Promise<Lab> {
  for (const installed of ["kernels/cenote/kernel.json", "labextensions/cenote-lab/package.json"]) {
    const path = join(".venv/share/jupyter", installed);
    if (!existsSync(at(path))) throw new Error(`wanted ${path}, found nothing: npm run setup`);
  }
  const home = await mkdtemp(join(tmpdir(), "cenote-ui-"));
  const folder = (name: string) => join(home, name);
  await configure(home);
  const port = await freePort();
  const server = spawn("jupyter", ["lab", "--no-browser", `--port=${port}`, "--allow-root"], {
    cwd: folder("work"),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HOME: home,
      JUPYTER_CONFIG_DIR: folder("config"),
      JUPYTER_DATA_DIR: folder("data"),
      JUPYTER_RUNTIME_DIR: folder("runtime"),
      JUPYTER_PREFER_ENV_PATH: "0",
      // What other tests share on this machine is not seen.
      CENOTE_RUNTIME_DIR: folder("shared"),
    },
  });
  let log = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await endKernels(url);
    await end(server);
    await rm(home, FORCED);
  };
  try {
    await until(`JupyterLab answers at ${url}`, async () => {
      if (server.exitCode !== null) throw new Error(`JupyterLab ended by itself:\n${log}`);
      return fetch(`${url}/api/status`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, work: folder("work"), stop };
}

/** Writes a notebook with empty cells for a kernel. */
export async function writeNotebook(lab: Lab, name: string, kernel: string): Promise<void> {
  const notebook = {
    cells: [
      {
        cell_type: "code",
        id: "first",
        metadata: {},
        outputs: [],
        execution_count: null,
        source: "",
      },
    ],
    metadata: { kernelspec: { name: kernel, display_name: kernel } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  await writeFile(join(lab.work, name), JSON.stringify(notebook));
}

async function configure(home: string): Promise<void> {
  const write = async (path: string, content: object) => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), JSON.stringify(content));
  };
  await write("config/jupyter_server_config.json", {
    ServerApp: {
      root_dir: join(home, "work"),
      disable_check_xsrf: true,
      port_retries: 0,
      jpserver_extensions: { jupyterlab: true, jupyter_lsp: false },
    },
    IdentityProvider: { token: "" },
    // A kernel that dies in its first ten seconds is otherwise restarted on new ports, to which the server
    // doesn't connect a page that was there before; a test has no ten seconds to wait.
    KernelRestarter: { random_ports_until_alive: false },
    LabApp: {
      expose_app_in_browser: true,
      extension_manager: "readonly",
      user_settings_dir: join(home, "settings"),
      workspaces_dir: join(home, "workspaces"),
    },
  });
  await write("config/labconfig/default_setting_overrides.json", {
    "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
  });
  // Its server side is off, and the page would complain that it finds none.
  await write("config/labconfig/page_config.json", {
    disabledExtensions: {
      "@jupyterlab/lsp-extension": true,
      "@jupyterlab/fileeditor-extension:language-server": true,
      "@jupyterlab/notebook-extension:language-server": true,
    },
  });
  await mkdir(join(home, "work"));
}

/**
 * A port below those that systems give to whoever asks for any (the server takes seconds to come up, in which
 * kernels and other tests ask for many) and above those that browsers refuse.
 */
async function freePort(): Promise<number> {
  while (true) {
    const port = randomInt(11_000, 32_768);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve, reject) => {
      probe.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(false);
        else reject(error);
      });
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

async function endKernels(url: string): Promise<void> {
  try {
    const kernels = (await (await fetch(`${url}/api/kernels`)).json()) as { id: string }[];
    await Promise.all(
      kernels.map(({ id }) => fetch(`${url}/api/kernels/${id}`, { method: "DELETE" })),
    );
  } catch {
    // The server never answered or is gone, and its kernels with it.
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  server.kill("SIGTERM");
  const force = setTimeout(() => server.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(force);
}
