// The renderer of Arrow tables in outputs. It is small: the grid and apache-arrow are loaded with the first
// table that is shown.
import type { ISessionContext } from "@jupyterlab/apputils";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Kernel } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import { PanelLayout, Widget } from "@lumino/widgets";
import { ARROW_MIME, type ArrowMetadata } from "../../../kernel/src/base/browse-protocol.ts";
import type { TableWidget } from "./table-widget.ts";

export function arrowFactory(trans: TranslationBundle): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [ARROW_MIME],
    defaultRank: 40, // before text/html
    createRenderer: () => new ArrowRenderer(trans),
  };
}

class ArrowRenderer extends Widget implements IRenderMime.IRenderer {
  readonly #trans: TranslationBundle;
  readonly #layout = new PanelLayout();
  #table: TableWidget | undefined;

  constructor(trans: TranslationBundle) {
    super();
    this.#trans = trans;
    this.layout = this.#layout;
    this.addClass("cenote-arrow");
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { TableWidget } = await import("./table-widget.ts");
    if (this.isDisposed) return;
    const bytes = fromBase64(String(model.data[ARROW_MIME] ?? ""));
    const metadata = model.metadata[ARROW_MIME] as Partial<ArrowMetadata> | undefined;
    this.#table?.dispose();
    this.#table = new TableWidget({
      bytes,
      rows: metadata?.rows,
      view: metadata?.view,
      kernel: () => this.#kernel(),
      trans: this.#trans,
    });
    this.#layout.addWidget(this.#table);
  }

  /** The kernel of the notebook or console that this output is in. */
  #kernel(): Kernel.IKernelConnection | undefined {
    for (let widget = this.parent; widget; widget = widget.parent) {
      const context = (widget as { sessionContext?: ISessionContext }).sessionContext;
      if (context) return context.session?.kernel ?? undefined;
    }
    return undefined;
  }
}

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
