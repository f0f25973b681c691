// How the pool is, in a few short lines: how full, rising or flat, how fragmented, what holds most, what may
// leak. Each says in its hover text what it counts.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { repeated, trend } from "../model/overview.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exactBytes, percent, setText, setTitle } from "./dom.ts";
import { place } from "./words.ts";

type Name = "full" | "trend" | "fragmentation" | "top" | "leaks";

export class Vitals {
  readonly node = el("dl", { class: "cenote-vitals" });
  readonly #trans: TranslationBundle;
  readonly #values: Record<Name, HTMLElement>;

  constructor(trans: TranslationBundle) {
    this.#trans = trans;
    this.#values = {
      full: this.#line("full", trans.__("Full"), trans.__("Live bytes as a share of the budget")),
      trend: this.#line(
        "trend",
        trans.__("Trend"),
        trans.__(
          "The lowest level of live bytes in the later half of the last minute against the earlier half",
        ),
      ),
      fragmentation: this.#line(
        "fragmentation",
        trans.__("Fragmented"),
        trans.__("Share of the free bytes in slabs that is not in the largest hole"),
      ),
      top: this.#line("top", trans.__("Holds most"), trans.__("The largest holder of live bytes")),
      leaks: this.#line(
        "leaks",
        trans.__("May leak"),
        trans.__(
          "Blocks that one line allocated in several cells, or in several runs of one, and that nobody has freed. The bytes are those of all but the latest run.",
        ),
      ),
    };
  }

  update(model: PoolModel): void {
    const numbers = model.numbers;
    if (!numbers) return;
    const { live, reserved, budget, largestFree } = numbers;
    const used = budget > 0 ? percent(live / budget) : formatBytes(live);
    this.#set("full", this.#trans.__("%1, %2 free in slabs", used, formatBytes(reserved - live)));
    this.#set(
      "fragmentation",
      reserved > live
        ? this.#trans.__(
            "%1, largest hole %2",
            percent(model.fragmentation),
            formatBytes(largestFree),
          )
        : this.#trans.__("not at all"),
    );
    this.#values.fragmentation.dataset["value"] = String(model.fragmentation);
    this.#trend(model);
    this.#holders(model);
  }

  #trend(model: PoolModel): void {
    const { trend: way, bytes, steadily } = trend(model.timeline);
    const words = {
      flat: this.#trans.__("flat"),
      rising: steadily
        ? this.#trans.__("rising steadily, %1 more", formatBytes(bytes))
        : this.#trans.__("risen, %1 more", formatBytes(bytes)),
      falling: this.#trans.__("fallen, %1 less", formatBytes(-bytes)),
    };
    this.#set("trend", words[way]);
    this.#values.trend.dataset["value"] = way;
    this.#values.trend.dataset["steadily"] = String(way === "rising" && steadily);
  }

  #holders(model: PoolModel): void {
    const groups = model.groups.by("line");
    const most = groups.reduce((a, b) => (b.bytes > a.bytes ? b : a), groups[0]!);
    const [leak, ...more] = repeated(groups);
    this.#set(
      "top",
      most
        ? this.#trans.__(
            "%1 %2, %3",
            formatBytes(most.bytes),
            model.tagText(most.tag ?? 0) ?? this.#trans.__("(no tag)"),
            place(this.#trans, most.cell ?? 0, most.line ?? 0),
          )
        : this.#trans.__("nothing"),
    );
    this.#values.top.dataset["bytes"] = String(most?.bytes ?? 0);
    const bytes = [leak, ...more].reduce((sum, one) => sum + (one?.bytes ?? 0), 0);
    this.#set(
      "leaks",
      leak
        ? this.#trans.__(
            "%1, most by %2 line %3, from %4 cells",
            formatBytes(bytes),
            model.tagText(leak.tag) ?? this.#trans.__("(no tag)"),
            leak.line,
            leak.cells,
          )
        : this.#trans.__("nothing seen"),
    );
    setTitle(this.#values.leaks, leak ? exactBytes(bytes) : "");
    this.#values.leaks.dataset["bytes"] = String(bytes);
  }

  #set(name: Name, text: string): void {
    setText(this.#values[name], text);
  }

  #line(name: Name, label: string, title: string): HTMLElement {
    const value = el("dd", { attrs: { "data-cenote": name } });
    this.node.append(el("div", { title }, el("dt", { text: label }), value));
    return value;
  }
}
