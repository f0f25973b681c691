// Follows the notebook or console that the user works in: its session context, then its kernel. Whatever
// has a session context counts, so consoles and other documents with a kernel are followed too; a tab
// without one (a text file, the launcher) leaves the last one followed.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { IDisposable } from "@lumino/disposable";
import { type ISignal, Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";

type Worked = Widget & { sessionContext: ISessionContext };

export class KernelFollower implements IDisposable {
  readonly #shell: JupyterFrontEnd.IShell;
  readonly #changed = new Signal<this, void>(this);
  #widget: Worked | undefined;
  #disposed = false;

  constructor(shell: JupyterFrontEnd.IShell) {
    this.#shell = shell;
    shell.currentChanged?.connect(this.#look, this);
    this.#look();
  }

  /** The kernel in use, or undefined where there is none. */
  get kernel(): Kernel.IKernelConnection | undefined {
    return this.#widget?.sessionContext.session?.kernel ?? undefined;
  }

  /** The notebook or console that is followed. */
  get widget(): Widget | undefined {
    return this.#widget;
  }

  /** The followed notebook's or console's name; undefined where nothing is followed. */
  get name(): string | undefined {
    return this.#widget?.title.label;
  }

  /** The kernel's name as people read it. */
  get kernelName(): string {
    return this.#widget?.sessionContext.kernelDisplayName ?? "";
  }

  /** True while the followed session has yet to get its kernel. */
  get starting(): boolean {
    const context = this.#widget?.sessionContext;
    return context !== undefined && !context.isReady && !context.hasNoKernel;
  }

  /** Emitted when another kernel, or none, is in use, or the name has changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#leave();
    Signal.clearData(this);
  }

  #look(): void {
    const widget = this.#shell.currentWidget;
    if (widget !== this.#widget && worked(widget)) this.#follow(widget);
  }

  #follow(widget: Worked): void {
    this.#leave();
    this.#widget = widget;
    widget.disposed.connect(this.#onDisposed, this);
    widget.title.changed.connect(this.#emit, this);
    widget.sessionContext.kernelChanged.connect(this.#emit, this);
    widget.sessionContext.sessionChanged.connect(this.#emit, this);
    widget.sessionContext.statusChanged.connect(this.#onStatus, this);
    this.#changed.emit();
  }

  #leave(): void {
    const widget = this.#widget;
    this.#widget = undefined;
    if (!widget) return;
    widget.disposed.disconnect(this.#onDisposed, this);
    widget.title.changed.disconnect(this.#emit, this);
    widget.sessionContext.kernelChanged.disconnect(this.#emit, this);
    widget.sessionContext.sessionChanged.disconnect(this.#emit, this);
    widget.sessionContext.statusChanged.disconnect(this.#onStatus, this);
  }

  #onDisposed(): void {
    this.#leave();
    this.#look();
    this.#changed.emit();
  }

  #onStatus(_context: ISessionContext, status: Kernel.Status): void {
    // The kernel's own states are the link's business; only its coming to life concerns what to follow.
    if (status === "starting" || status === "unknown" || status === "dead") this.#changed.emit();
  }

  #emit(): void {
    this.#changed.emit();
  }
}

function worked(widget: Widget | null): widget is Worked {
  const context = (widget as Partial<Worked> | null)?.sessionContext;
  return typeof context === "object" && context !== null && "kernelChanged" in context;
}
