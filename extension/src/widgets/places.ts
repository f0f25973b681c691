// Where memory is: device, host, disk and what others hold on the device, each a bar against its budget.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exactBytes, percent, setText, setTitle } from "./dom.ts";

type PlaceName = "device" | "host" | "disk" | "outside";

interface Level {
  used: number;
  /** Undefined where nothing bounds it. */
  budget: number | undefined;
}

interface Row {
  node: HTMLElement;
  bar: HTMLElement;
  used: HTMLElement;
  value: HTMLElement;
}

export class Places {
  readonly node = el("div", { class: "cenote-places" });
  readonly #trans: TranslationBundle;
  readonly #rows: Record<PlaceName, Row>;
  readonly #reserved = el("div", { class: "cenote-bar-reserved" });
  readonly #peak = el("div", { class: "cenote-bar-peak" });

  constructor(trans: TranslationBundle) {
    this.#trans = trans;
    this.#rows = {
      device: this.#row("device", trans.__("Device")),
      host: this.#row("host", trans.__("Host")),
      disk: this.#row("disk", trans.__("Disk")),
      outside: this.#row("outside", trans.__("Outside")),
    };
    const { host, disk, outside } = this.#rows;
    host.node.title = trans.__("Live blocks that were moved to the machine's own memory");
    disk.node.title = trans.__("Live blocks that were moved to files");
    outside.node.title = trans.__("What other libraries allocated on the shared device");
    this.#rows.device.bar.prepend(this.#reserved);
    this.#rows.device.bar.append(this.#peak);
  }

  update(model: PoolModel): void {
    const n = model.numbers;
    if (!n) return;
    const full = n.budget > 0 ? n.budget : Math.max(n.peakReserved, 1);
    const width = (bytes: number) => `${Math.min(100, (bytes / full) * 100)}%`;
    this.#reserved.style.width = width(n.reserved);
    this.#peak.style.left = width(n.peakLive);
    this.#set("device", { used: n.live, budget: full });
    this.#set("host", { used: n.spilledBytes, budget: n.hostBudget });
    this.#set("disk", { used: n.diskBytes, budget: n.diskBudget });
    this.#set("outside", { used: n.outsideBytes, budget: undefined }, full);
  }

  /** `scale`: bytes that fill the bar where there is no budget. */
  #set(name: PlaceName, { used, budget }: Level, scale = budget ?? 0): void {
    const row = this.#rows[name];
    row.used.style.width = scale > 0 ? `${Math.min(100, (used / scale) * 100)}%` : "0";
    const off = budget === 0 && used === 0;
    const text = off
      ? this.#trans.__("off")
      : budget === undefined
        ? formatBytes(used)
        : this.#trans.__("%1 of %2", formatBytes(used), formatBytes(budget));
    setText(row.value, text);
    setTitle(row.value, off ? "" : exactBytes(used));
    row.value.dataset["bytes"] = String(used);
    row.value.dataset["budget"] = String(budget ?? "");
    row.bar.hidden = off;
    row.bar.setAttribute("aria-valuemax", String(Math.max(scale, 1)));
    row.bar.setAttribute("aria-valuenow", String(Math.min(used, Math.max(scale, 1))));
    const share = this.#trans.__("%1, %2", text, percent(scale > 0 ? used / scale : 0));
    row.bar.setAttribute("aria-valuetext", share);
  }

  #row(name: PlaceName, label: string): Row {
    const used = el("div", { class: "cenote-bar-live" });
    const bar = el(
      "div",
      { class: "cenote-bar", attrs: { role: "meter", "aria-valuemin": "0", "aria-label": label } },
      used,
    );
    const value = el("span", { attrs: { "data-cenote": `place-${name}` } });
    const node = el(
      "div",
      { class: `cenote-place-row cenote-place-${name}` },
      el("span", { text: label }),
      el("div", { class: "cenote-bar-box" }, bar),
      value,
    );
    this.node.append(node);
    return { node, bar, used, value };
  }
}
