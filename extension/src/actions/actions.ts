// What people can have done with the pool, and what they are told of it.
import { Dialog, InputDialog, Notification, showDialog } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { ActionAnswer, Picture } from "../../../kernel/src/base/actions-protocol.ts";
import { formatBytes, parseBytes } from "../../../kernel/src/base/bytes.ts";
import type { KernelFollower } from "../follow.ts";
import { exact } from "../widgets/dom.ts";
import { holdersWidget } from "./holders-table.ts";
import { type ActionBody, ActionLink } from "./link.ts";
import { savePicture } from "./save-picture.ts";

/** Milliseconds that something is told in a corner of the page. */
const SHORTLY = { autoClose: 6000 } as const;

type Answer<K extends ActionAnswer["kind"]> = Extract<ActionAnswer, { kind: K }>;

export class Actions {
  readonly #follower: KernelFollower;
  readonly #trans: TranslationBundle;
  #link: ActionLink | undefined;
  #kernel: unknown;

  constructor(follower: KernelFollower, trans: TranslationBundle) {
    this.#follower = follower;
    this.#trans = trans;
  }

  async mark(name?: string): Promise<void> {
    const trans = this.#trans;
    const given = name ?? (await this.#text(trans.__("Mark this moment"), trans.__("name"), ""));
    if (!given) return;
    const done = await this.#ask("done", { kind: "mark", name: given });
    if (done) this.#tell(trans.__("Marked “%1”", given));
  }

  async trim(): Promise<void> {
    const done = await this.#ask("done", { kind: "trim" });
    if (done)
      this.#tell(this.#trans.__("Empty slabs given back: %1", formatBytes(done.bytes ?? 0)));
  }

  async compact(): Promise<void> {
    const done = await this.#ask("done", { kind: "compact" });
    if (!done) return;
    const [moved, back] = [formatBytes(done.movedBytes ?? 0), formatBytes(done.bytes ?? 0)];
    this.#tell(this.#trans.__("Packed: %1 moved, %2 given back", moved, back));
  }

  async spill(size?: string): Promise<void> {
    const trans = this.#trans;
    const label = trans.__("how much leaves the GPU, e.g. 256 MiB");
    const given = size ?? (await this.#text(trans.__("Spill to host memory"), label, "64 MiB"));
    if (!given) return;
    let bytes: number;
    try {
      bytes = parseBytes(given);
    } catch (error) {
      Notification.error((error as Error).message, { autoClose: false });
      return;
    }
    const done = await this.#ask("done", { kind: "spill", bytes });
    if (done) this.#tell(trans.__("Spilled: %1", formatBytes(done.bytes ?? 0)));
  }

  async freeLeaks(): Promise<void> {
    const trans = this.#trans;
    const found = await this.#ask("leaks", { kind: "leaks" });
    if (!found) return;
    if (found.holders.length === 0) {
      this.#tell(trans.__("No leaks: nothing has outlived its cell"));
      return;
    }
    const total = found.holders.reduce((sum, { bytes }) => sum + bytes, 0);
    const intro = trans.__(
      "These blocks have outlived their cells. What still uses one of them will raise DISPOSED.",
    );
    const heading = trans.__("%1 in all", formatBytes(total));
    const { button } = await showDialog({
      title: trans.__("Free leaks?"),
      body: holdersWidget(intro, [{ heading, holders: found.holders }], trans),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__("Free them") })],
    });
    if (!button.accept) return;
    const done = await this.#ask("done", { kind: "free-leaks" });
    if (!done) return;
    const [blocks, bytes] = [exact(done.blocks ?? 0), formatBytes(done.bytes ?? 0)];
    this.#tell(
      trans._n("Freed %2 block, %3", "Freed %2 blocks, %3", done.blocks ?? 0, blocks, bytes),
    );
  }

  async snapshot(): Promise<void> {
    const done = await this.#ask("done", { kind: "snapshot" });
    if (!done) return;
    const live = formatBytes(done.bytes ?? 0);
    this.#tell(this.#trans.__("Snapshot taken: %1 live. Compare with it later.", live));
  }

  async compare(): Promise<void> {
    const trans = this.#trans;
    const found = await this.#ask("difference", { kind: "compare" });
    if (!found) return;
    const signed = (bytes: number) => (bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes));
    const intro = trans.__(
      "Since the snapshot, %1 s ago: live %2, reserved %3",
      Math.round(found.milliseconds / 1000),
      signed(found.live),
      signed(found.reserved),
    );
    const sections = [
      { heading: trans.__("Came, and is still there"), holders: found.appeared },
      { heading: trans.__("Went"), holders: found.gone },
    ];
    await showDialog({
      title: trans.__("Compared with the snapshot"),
      body: holdersWidget(intro, sections, trans),
      buttons: [Dialog.okButton({ label: trans.__("Close") })],
    });
  }

  async export(format: string): Promise<void> {
    const done = await this.#ask("done", { kind: "export", format });
    if (done) this.#tell(this.#trans.__("Written beside the notebook: %1", done.file ?? ""));
  }

  async picture(picture: Picture, format: "svg" | "png"): Promise<void> {
    const found = await this.#ask("picture", { kind: "picture", picture });
    if (found) await savePicture(found.svg, format, `pool-${picture}`);
  }

  /** Asks the kernel in use; tells why where it does not do it, and gives undefined. */
  async #ask<K extends ActionAnswer["kind"]>(
    wanted: K,
    body: ActionBody,
  ): Promise<Answer<K> | undefined> {
    const trans = this.#trans;
    const link = this.#current();
    if (!link) {
      Notification.warning(trans.__("No kernel is running"), SHORTLY);
      return undefined;
    }
    try {
      const answer = await link.ask(body);
      if (answer.kind === wanted) return answer as Answer<K>;
      if (answer.kind === "busy") {
        Notification.warning(
          trans.__("The kernel runs a cell. Try again when it has ended."),
          SHORTLY,
        );
      } else if (answer.kind === "unused") {
        Notification.info(trans.__("No GPU memory was used yet"), SHORTLY);
      } else if (answer.kind === "failed") Notification.error(answer.message, { autoClose: false });
    } catch (error) {
      Notification.error((error as Error).message, { autoClose: false });
    }
    return undefined;
  }

  #current(): ActionLink | undefined {
    const { kernel } = this.#follower;
    if (kernel !== this.#kernel) {
      this.#link?.dispose();
      this.#link = kernel && new ActionLink(kernel);
      this.#kernel = kernel;
    }
    return this.#link;
  }

  async #text(title: string, label: string, text: string): Promise<string> {
    const { value } = await InputDialog.getText({ title, label, text });
    return value?.trim() ?? "";
  }

  #tell(text: string): void {
    Notification.success(text, SHORTLY);
  }
}
