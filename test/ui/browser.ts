// A Chromium and what a user does in JupyterLab with it, for the browser tests: open a notebook, run
// cells, call commands, read the panel. What the page complains of is collected.
import { existsSync } from "node:fs";
import { type Browser, type BrowserServer, chromium, errors, type Page } from "playwright-core";
import type { Lab } from "./lab.ts";
import { until } from "./until.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Names the variable by which the files of one run learn of their Chromium: its address. */
export const SHARED_BROWSER = "CENOTE_UI_BROWSER";

/** The run's Chromium, of which `close` ends the caller's pages, or one of the caller's own. */
export async function startBrowser(): Promise<Browser> {
  const shared = process.env[SHARED_BROWSER];
  return shared ? chromium.connect(shared) : chromium.launch(launching());
}

/** Starts a Chromium for a run of many files. */
export function startBrowserServer(): Promise<BrowserServer> {
  return chromium.launchServer(launching());
}

/** Chromium is the one of CENOTE_CHROMIUM, else Debian's. */
function launching(): { executablePath: string; args: string[] } {
  const executablePath = process.env["CENOTE_CHROMIUM"] || "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(`wanted a Chromium at ${executablePath}: set CENOTE_CHROMIUM to its path`);
  }
  return { executablePath, args: FLAGS };
}

/** The names of the panel's numbers, as its elements carry them in data-cenote. */
export type Figure = "live" | "reserved" | "peak" | "budget";

export class LabPage {
  readonly page: Page;
  /** Errors of the console and of scripts. */
  readonly errors: string[] = [];
  /** Addresses of the WebSockets over which the monitor's target was named. */
  readonly monitored: string[] = [];
  /** What the page asked the monitor for, in order: open, close, pause, resume, resync. */
  readonly requests: string[] = [];
  /** The kinds of what the monitor sent, in order: snapshot, delta, summary. */
  readonly received: string[] = [];
  readonly #lab: Lab;

  private constructor(page: Page, lab: Lab) {
    this.page = page;
    this.#lab = lab;
    page.setDefaultTimeout(120_000);
    page.on("console", (message) => {
      if (message.type() === "error") {
        this.errors.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on("pageerror", (error) => this.errors.push(String(error.stack ?? error)));
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        const text = payload.toString();
        if (!text.includes('"comm_id":"cenote-panel-')) return;
        const kind = /"kind":"(snapshot|delta|summary)"/.exec(text)?.[1];
        if (kind) this.received.push(kind);
      });
      socket.on("framesent", ({ payload }) => {
        const text = payload.toString();
        if (text.includes('"target_name":"cenote.monitor"')) {
          if (text.includes("comm_info_request")) return;
          this.monitored.push(socket.url());
          this.requests.push("open");
        } else if (text.includes('"comm_id":"cenote-panel-')) {
          this.requests.push(/"kind":"(\w+)"/.exec(text)?.[1] ?? "close");
        }
      });
    });
  }

  static async open(browser: Browser, lab: Lab, notebook: string): Promise<LabPage> {
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
    const opened = new LabPage(page, lab);
    await page.goto(`${lab.url}/lab/tree/${notebook}?reset`);
    await opened.ready(notebook);
    return opened;
  }

  async ready(notebook: string): Promise<void> {
    await this.started();
    await this.page.waitForSelector(`.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook`);
    await this.#kernelIdle(notebook);
  }

  /** Resolves when JupyterLab has come up in the page. */
  async started(): Promise<void> {
    await this.page.waitForFunction("window.jupyterapp !== undefined");
    await this.page.evaluate("window.jupyterapp.restored.then(() => true)");
  }

  command(id: string, args: object = {}): Promise<unknown> {
    return this.page.evaluate(
      `window.jupyterapp.commands.execute(${JSON.stringify(id)}, ${JSON.stringify(args)}).then(() => true)`,
    );
  }

  /** Opens the panel as a user who has heard of it would: by a search in the palette. */
  async openByPalette(): Promise<void> {
    const wanted = this.page.locator(".lm-CommandPalette-item.lm-mod-active:visible", {
      hasText: "Show GPU memory pool (Cenote)",
    });
    // While the page is still coming up, something else may take the focus and so close the palette.
    await until("the palette opens the panel", async () => {
      await this.command("apputils:activate-command-palette");
      const input = this.page.locator(".lm-CommandPalette-input:visible");
      try {
        await input.fill("GPU memory pool", { timeout: 2000 });
        await wanted.waitFor({ timeout: 2000 });
        await input.press("Enter", { timeout: 2000 });
        await this.panel.waitFor({ timeout: 2000 });
      } catch (error) {
        if (error instanceof errors.TimeoutError) return false;
        throw error;
      }
      return true;
    });
  }

  /** Puts the panel away, so that another way to it can be tried. */
  async closePanel(): Promise<void> {
    await this.command("application:toggle-right-area");
    await this.panel.waitFor({ state: "hidden" });
  }

  get panel() {
    return this.page.locator("#cenote-pool:not(.lm-mod-hidden)");
  }

  async openNotebook(name: string): Promise<void> {
    await this.command("docmanager:open", { path: name });
    await this.#kernelIdle(name);
  }

  /** Puts code into the last cell and starts it; `prompt` of the returned cell tells how it stands. */
  async start(code: string): Promise<StartedCell> {
    const cells = this.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell");
    const index = (await cells.count()) - 1;
    const cell = cells.nth(index);
    await cell.locator(".cm-content").click();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.insertText(code);
    // Not awaited: the command ends when the cell does.
    await this.page.evaluate(
      `void window.jupyterapp.commands.execute("notebook:run-cell-and-insert-below")`,
    );
    const prompt = cell.locator(".jp-InputPrompt");
    return {
      running: async () => (await prompt.textContent())?.includes("*") ?? false,
      output: async () =>
        (await cell.locator(".jp-OutputArea-output").allTextContents()).join("\n"),
      error: async () => {
        const errors = cell.locator('[data-mime-type="application/vnd.jupyter.error"]');
        return (await errors.allTextContents()).join("\n");
      },
      done: async () => {
        const number = /\d/;
        await until("the cell ends", async () => number.test((await prompt.textContent()) ?? ""));
      },
    };
  }

  async run(code: string): Promise<string> {
    const cell = await this.start(code);
    await cell.done();
    return cell.output();
  }

  /** A number of the panel, to the byte; undefined while it shows none. */
  async bytes(figure: Figure): Promise<number | undefined> {
    const found = await this.page.evaluate(
      `document.querySelector('#cenote-pool [data-cenote="${figure}"]')?.dataset.bytes`,
    );
    return found === undefined ? undefined : Number(found);
  }

  /** The same number as its hover text tells it to a reader. */
  async titleBytes(figure: Figure): Promise<number> {
    const title = await this.panel.locator(`[data-cenote="${figure}"]`).getAttribute("title");
    return Number(/^([\d,]+) bytes/.exec(title ?? "")?.[1]?.replaceAll(",", ""));
  }

  async state(): Promise<string | undefined> {
    return (await this.page.evaluate(
      `document.querySelector("#cenote-pool .cenote-badge")?.dataset.state`,
    )) as string | undefined;
  }

  /** The heading of the message that stands in place of the pictures, or undefined. */
  async message(): Promise<string | undefined> {
    return (await this.page.evaluate(
      `document.querySelector("#cenote-pool .cenote-message:not([hidden]) h3")?.textContent`,
    )) as string | undefined;
  }

  /** Pixels of a picture that have exactly the colour of a CSS variable. */
  async pixels(canvas: string, variable: string): Promise<number> {
    return (await this.page.evaluate(`(() => {
      const canvas = document.querySelector(${JSON.stringify(canvas)});
      const probe = document.createElement("i");
      probe.style.color = "var(${variable})";
      canvas.parentElement.append(probe);
      const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
      probe.remove();
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 255 && wanted.every((value, c) => data[i + c] === value)) count++;
      }
      return count;
    })()`)) as number;
  }

  async theme(name: string): Promise<void> {
    await this.command("apputils:change-theme", { theme: name });
    await this.page.waitForFunction(
      `document.body.dataset.jpThemeName === ${JSON.stringify(name)}`,
    );
    await this.page.locator("#jupyterlab-splash").waitFor({ state: "detached" });
  }

  /** Kernel id of a notebook, from the server. */
  async kernelOf(notebook: string): Promise<string | undefined> {
    const sessions = (await (await fetch(`${this.#lab.url}/api/sessions`)).json()) as {
      path: string;
      kernel: { id: string };
    }[];
    return sessions.find(({ path }) => path === notebook)?.kernel.id;
  }

  /** Makes the page believe that it is hidden, or seen again; Chromium without a window can't be hidden. */
  async hide(hidden: boolean): Promise<void> {
    await this.page.evaluate(`
      Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    `);
  }

  /** Open comms of the monitor in the current notebook's kernel. */
  async monitorComms(): Promise<number> {
    return (await this.page.evaluate(
      `window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestCommInfo({ target_name: "cenote.monitor" })
        .then((reply) => Object.keys(reply.content.comms).length)`,
    )) as number;
  }

  /** Resolves when the server has the layout with the panel open. */
  async layoutSaved(): Promise<void> {
    await until("the layout is saved", async () => {
      const answer = await fetch(`${this.#lab.url}/lab/api/workspaces/default`);
      const right = ((await answer.json()) as Workspace).data["layout-restorer:data"]?.right;
      return right?.current === "cenote-pool" && right.collapsed === false;
    });
  }

  async #kernelIdle(notebook: string): Promise<void> {
    await this.page.waitForFunction(`(() => {
      const current = window.jupyterapp.shell.currentWidget;
      return current?.context?.path === ${JSON.stringify(notebook)} &&
        current.sessionContext.session?.kernel?.status === "idle";
    })()`);
  }
}

interface Workspace {
  data: { "layout-restorer:data"?: { right?: { current?: string; collapsed?: boolean } } };
}

export interface StartedCell {
  /** True while the prompt says [*]. */
  running(): Promise<boolean>;
  output(): Promise<string>;
  /** The traceback, empty where the cell raised nothing. */
  error(): Promise<string>;
  done(): Promise<void>;
}
