// What the pool has done so far: counts and bytes moved, at the foot of the panel.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { PoolNumbers } from "../../../kernel/src/base/monitor-protocol.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exact, exactBytes, setText, setTitle } from "./dom.ts";

type Name = keyof PoolNumbers;
const COUNTS: ReadonlySet<Name> = new Set(["allocations", "frees", "liveBlocks"]);

export class Counters {
  readonly node = el("dl", { class: "cenote-counters" });
  readonly #values: [Name, HTMLElement][];

  constructor(trans: TranslationBundle) {
    const rows: [Name, string][] = [
      ["liveBlocks", trans.__("Live blocks")],
      ["allocations", trans.__("Allocations")],
      ["frees", trans.__("Frees")],
      ["requested", trans.__("Asked for")],
      ["largestFree", trans.__("Largest hole")],
      ["peakReserved", trans.__("Peak reserved")],
      ["uploadBytes", trans.__("Uploaded")],
      ["readBackBytes", trans.__("Read back")],
      ["movedBytes", trans.__("Moved")],
      ["stagingBytes", trans.__("Staging")],
    ];
    this.#values = rows.map(([name, label]) => {
      const value = el("dd", { attrs: { "data-cenote": name } });
      this.node.append(el("div", {}, el("dt", { text: label }), value));
      return [name, value];
    });
  }

  update(model: PoolModel): void {
    const numbers = model.numbers;
    if (!numbers) return;
    for (const [name, node] of this.#values) {
      const value = numbers[name];
      setText(node, COUNTS.has(name) ? exact(value) : formatBytes(value));
      setTitle(node, COUNTS.has(name) ? exact(value) : exactBytes(value));
      node.dataset["value"] = String(value);
    }
  }
}
