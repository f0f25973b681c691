// The badges of one notebook. The figures come with the reply to each cell, whether or not the panel is open,
// and are kept in the cell's metadata, so that a notebook shows them again when it is opened.
import type { ISessionContext } from "@jupyterlab/apputils";
import { type Kernel, KernelMessage } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { IDisposable } from "@lumino/disposable";
import type { PanelLayout } from "@lumino/widgets";
import { POOL_METADATA } from "../../../kernel/src/base/monitor-protocol.ts";
import { type CodeCell, codeCells, type NotebookPanel } from "../notebook-cells.ts";
import { Badge, notedIn } from "./badge.ts";

const INPUT_CLASS = "jp-Cell-inputWrapper";

export class NotebookBadges implements IDisposable {
  readonly #panel: NotebookPanel;
  readonly #trans: TranslationBundle;
  readonly #open: (cell: number, id: string) => void;
  readonly #badges = new Map<CodeCell, Badge>();
  #kernel: Kernel.IKernelConnection | undefined;
  #disposed = false;

  /** `open` shows the panel on the cell that ran under a number and has this name in the notebook. */
  constructor(
    panel: NotebookPanel,
    trans: TranslationBundle,
    open: (cell: number, id: string) => void,
  ) {
    this.#panel = panel;
    this.#trans = trans;
    this.#open = open;
    panel.sessionContext.kernelChanged.connect(this.#onKernel, this);
    panel.content.modelContentChanged.connect(this.#refresh, this);
    this.#onKernel(panel.sessionContext);
    this.#refresh();
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#kernel?.anyMessage.disconnect(this.#onMessage, this);
    this.#panel.sessionContext.kernelChanged.disconnect(this.#onKernel, this);
    this.#panel.content.modelContentChanged.disconnect(this.#refresh, this);
    for (const badge of this.#badges.values()) badge.dispose();
    this.#badges.clear();
  }

  #onKernel(context: ISessionContext): void {
    this.#kernel?.anyMessage.disconnect(this.#onMessage, this);
    this.#kernel = context.session?.kernel ?? undefined;
    this.#kernel?.anyMessage.connect(this.#onMessage, this);
  }

  #onMessage(_kernel: Kernel.IKernelConnection, { msg, direction }: Kernel.IAnyMessageArgs): void {
    if (direction !== "recv" || !KernelMessage.isExecuteReplyMsg(msg)) return;
    const parent = msg.parent_header as Partial<KernelMessage.IHeader>;
    const found = codeCells(this.#panel).find(
      ([{ outputArea }]) => outputArea.future?.msg.header.msg_id === parent.msg_id,
    );
    if (!found) return;
    const [{ model }] = found;
    const noted = notedIn(msg.metadata[POOL_METADATA]);
    if (noted) model.setMetadata(POOL_METADATA, noted);
    else if (notedIn(model.getMetadata(POOL_METADATA))) model.deleteMetadata(POOL_METADATA);
    this.#refresh();
  }

  /** Makes the badges what the cells' metadata say. */
  #refresh(): void {
    const cells = new Set(codeCells(this.#panel).map(([cell]) => cell));
    for (const [cell, badge] of this.#badges) {
      if (cells.has(cell) && sameAs(badge, cell)) continue;
      badge.dispose();
      this.#badges.delete(cell);
    }
    for (const cell of cells) if (!this.#badges.has(cell)) void this.#add(cell);
  }

  async #add(cell: CodeCell): Promise<void> {
    const noted = notedIn(cell.model.getMetadata(POOL_METADATA));
    if (!noted) return;
    const badge = new Badge(this.#trans, noted, () => this.#open(noted.cell, cell.model.id));
    this.#badges.set(cell, badge);
    // A cell that was never in view has no parts yet.
    await cell.ready;
    if (badge.isDisposed || cell.isDisposed) return;
    const layout = cell.layout as PanelLayout;
    const input = layout.widgets.findIndex((part) => part.hasClass(INPUT_CLASS));
    layout.insertWidget(input + 1, badge);
  }
}

function sameAs({ noted }: Badge, cell: CodeCell): boolean {
  const now = notedIn(cell.model.getMetadata(POOL_METADATA));
  return now?.cell === noted.cell && now.peak === noted.peak && now.net === noted.net;
}
