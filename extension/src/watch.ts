// The pool that the page watches: the followed kernel's link and model, whatever they are just now, behind
// one object for the panel and the status item. It counts who looks how closely, and asks for data only
// while somebody does and the page is visible.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Token, UUID } from "@lumino/coreutils";
import { DisposableDelegate, type IDisposable } from "@lumino/disposable";
import { type ISignal, Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { KernelFollower } from "./follow.ts";
import { type Look, MonitorLink } from "./link.ts";
import type { LinkState } from "./model/link-state.ts";
import { PoolModel } from "./model/pool-model.ts";

/** What the panel and the status item see of the pool. */
export interface IPoolWatch {
  readonly model: PoolModel;
  readonly state: LinkState;
  /** The notebook or console that is followed. */
  readonly widget: Widget | undefined;
  /** The notebook's or console's name; empty where nothing is followed. */
  readonly name: string;
  readonly kernelName: string;
  /** Emitted when anything of the above has changed. */
  readonly changed: ISignal<IPoolWatch, void>;
  /**
   * Counts a viewer in until it is disposed. While there is one for "all", everything flows at once; while
   * there are only some for the "summary", the numbers once a second.
   */
  look(at: "all" | "summary"): IDisposable;
}

export const IPoolWatch = new Token<IPoolWatch>(
  "cenote-lab:IPoolWatch",
  "The GPU memory pool of the kernel that the user works with.",
);

/** A page that is hidden for this long is no longer looked at, in milliseconds. */
const HIDDEN_MS = 5000;

export class PoolWatch implements IPoolWatch, IDisposable {
  readonly model = new PoolModel();
  readonly #follower: KernelFollower;
  readonly #changed = new Signal<this, void>(this);
  readonly #commId = pageCommId();
  #link: MonitorLink | undefined;
  #kernel: unknown;
  readonly #viewers = { all: 0, summary: 0 };
  #visible = !document.hidden;
  #hiding = 0;
  #disposed = false;

  constructor(shell: JupyterFrontEnd.IShell) {
    this.#follower = new KernelFollower(shell);
    this.#follower.changed.connect(this.#follow, this);
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.addEventListener("pagehide", this.#onLeave);
    window.addEventListener("pageshow", this.#onVisibility);
    this.#follow();
  }

  get state(): LinkState {
    if (this.#link) return this.#link.state;
    if (this.#follower.name === undefined) return "nobody";
    return this.#follower.starting ? "starting" : "no-kernel";
  }

  get widget(): Widget | undefined {
    return this.#follower.widget;
  }

  get name(): string {
    return this.#follower.name ?? "";
  }

  get kernelName(): string {
    return this.#follower.kernelName;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  look(at: "all" | "summary"): IDisposable {
    this.#viewers[at]++;
    this.#want();
    return new DisposableDelegate(() => {
      this.#viewers[at]--;
      this.#want();
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearTimeout(this.#hiding);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.removeEventListener("pagehide", this.#onLeave);
    window.removeEventListener("pageshow", this.#onVisibility);
    this.#follower.dispose();
    this.#link?.dispose();
    Signal.clearData(this);
  }

  #follow(): void {
    const kernel = this.#follower.kernel;
    if (kernel !== this.#kernel) {
      this.#kernel = kernel;
      this.#link?.dispose();
      this.model.clear();
      this.#link = kernel && new MonitorLink(kernel, this.model, this.#commId);
      this.#link?.changed.connect(() => this.#changed.emit());
      this.#want();
    }
    this.#changed.emit();
  }

  #want(): void {
    const { all, summary } = this.#viewers;
    const look: Look = all > 0 ? "all" : summary > 0 ? "summary" : "nothing";
    this.#link?.want(this.#visible ? look : "nothing");
  }

  // A glance at another tab shouldn't cost two messages to the kernel, each of which flips its busy light.
  readonly #onVisibility = (): void => {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = window.setTimeout(() => this.#see(false), HIDDEN_MS);
    else this.#see(true);
  };

  readonly #onLeave = (): void => this.#see(false);

  #see(visible: boolean): void {
    this.#visible = visible;
    this.#want();
  }
}

/**
 * This page's comm id. A reload keeps it, so that the kernel replaces the old page's comm instead of
 * feeding it for ever; a duplicated tab, which inherits the session's storage, takes a new one.
 */
function pageCommId(): string {
  const key = "cenote-lab:comm";
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  try {
    const kept = entry?.type === "reload" ? sessionStorage.getItem(key) : null;
    const id = kept ?? `cenote-panel-${UUID.uuid4()}`;
    sessionStorage.setItem(key, id);
    return id;
  } catch {
    // Storage is forbidden on this page: a reload then takes a new id.
    return `cenote-panel-${UUID.uuid4()}`;
  }
}
