// Saves one of the panel's views as a picture, as soon as it shows anything, or says why it can't.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { LinkState } from "../model/link-state.ts";
import type { IPoolWatch } from "../watch.ts";
import { type Format, type Shown, savePicture } from "./saved-picture.ts";

/** What can be saved. */
export const PICTURES = ["timeline", "slabs", "holders"] as const;
export type PictureName = (typeof PICTURES)[number];

/** States in which the views may show something soon. */
const COMING: ReadonlySet<LinkState> = new Set(["starting", "connecting", "reconnecting"]);

export class PictureSaver {
  readonly #watch: IPoolWatch;
  readonly #trans: TranslationBundle;
  readonly #views: Record<PictureName, () => Shown>;
  readonly #tell: (text: string) => void;
  #wanted: { name: PictureName; format: Format } | undefined;

  /** `views` say what they show; `tell` tells the user. */
  constructor(
    watch: IPoolWatch,
    trans: TranslationBundle,
    views: Record<PictureName, () => Shown>,
    tell: (text: string) => void,
  ) {
    this.#watch = watch;
    this.#trans = trans;
    this.#views = views;
    this.#tell = tell;
  }

  want(name: PictureName, format: Format): void {
    this.#wanted = { name, format };
  }

  /** Is called whenever the views were drawn; `reason`: why they are not. */
  settle(reason?: string): void {
    const wanted = this.#wanted;
    const { model, state } = this.#watch;
    if (!wanted || (reason === undefined ? !model.detailed : COMING.has(state))) return;
    this.#wanted = undefined;
    if (reason !== undefined) this.#tell(this.#trans.__("There is no picture to save: %1", reason));
    else this.#save(wanted.name, wanted.format).catch((error: Error) => this.#tell(error.message));
  }

  async #save(name: PictureName, format: Format): Promise<void> {
    const shown = this.#views[name]();
    const when = new Date(this.#watch.model.now()).toLocaleString();
    const whose = [this.#watch.name, when].filter((part) => part !== "").join(" · ");
    const [title = "", ...lines] = shown.lines;
    await savePicture({ ...shown, lines: [title, whose, ...lines] }, format, `pool-${name}`);
  }
}
