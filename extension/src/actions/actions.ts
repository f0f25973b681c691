// What people can have done with the pool, and what they are told of it.
import { Dialog, InputDialog, showDialog } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { ActionAnswer } from "../../../kernel/src/base/actions-protocol.ts";
import { formatBytes, parseBytes } from "../../../kernel/src/base/bytes.ts";
import type { KernelFollower } from "../follow.ts";
import { tell, tellError } from "../notices.ts";
import { exact } from "../widgets/dom.ts";
import { holdersWidget } from "./holders-table.ts";
import { type ActionBody, ActionLink } from "./link.ts";

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
    const label = trans.__(
      "How much, e.g. 256 MiB. It goes to host memory, and to disk where that is full.",
    );
    const given = size ?? (await this.#text(trans.__("Spill GPU memory"), label, "64 MiB"));
    if (!given) return;
    let bytes: number;
    try {
      bytes = parseBytes(given);
    } catch (error) {
      tellError((error as Error).message);
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
    const intro = trans.__(
      "These blocks have outlived their cells. What still uses one of them will raise DISPOSED.",
    );
    const rest = found.groups - found.holders.length;
    const more = rest > 0 ? trans.__("; the largest are listed, %1 more are not", exact(rest)) : "";
    const all = trans.__("%1 in %2 blocks", formatBytes(found.bytes), exact(found.blocks));
    const heading = `${all}${more}`;
    const { button } = await showDialog({
      title: trans.__("Free leaks?"),
      body: holdersWidget(intro, heading, found.holders, trans),
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

  async export(format: string): Promise<void> {
    const done = await this.#ask("done", { kind: "export", format });
    if (done) this.#tell(this.#trans.__("Written beside the notebook: %1", done.file ?? ""));
  }

  /** Asks the kernel in use; tells why where it does not do it, and gives undefined. */
  async #ask<K extends ActionAnswer["kind"]>(
    wanted: K,
    body: ActionBody,
  ): Promise<Answer<K> | undefined> {
    const trans = this.#trans;
    const link = this.#current();
    if (!link) {
      tell("warning", trans.__("No kernel is running"));
      return undefined;
    }
    try {
      const answer = await link.ask(body);
      if (answer.kind === wanted) return answer as Answer<K>;
      if (answer.kind === "busy") {
        tell("warning", trans.__("The kernel runs a cell. Try again when it has ended."));
      } else if (answer.kind === "unused") {
        tell("info", trans.__("No GPU memory was used yet"));
      } else if (answer.kind === "late") {
        tell("warning", trans.__("The kernel was busy for too long: nothing was done"));
      } else if (answer.kind === "failed") tellError(answer.message);
    } catch (error) {
      tellError((error as Error).message);
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
    tell("success", text);
  }
}
