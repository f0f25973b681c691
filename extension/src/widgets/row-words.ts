// What the tables say of a row, of their sum, and of what they can't know.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { Stretch } from "../model/focus.ts";
import type { Group, Grouping } from "../model/groups.ts";
import type { PoolModel } from "../model/pool-model.ts";
import type { Sources, Subject } from "../model/sources.ts";
import { clock, exact, signedBytes, signedCount } from "./dom.ts";
import { place } from "./words.ts";

export class RowWords {
  readonly #model: PoolModel;
  readonly #sources: Sources;
  readonly #trans: TranslationBundle;

  constructor(model: PoolModel, sources: Sources, trans: TranslationBundle) {
    this.#model = model;
    this.#sources = sources;
    this.#trans = trans;
  }

  name({ tag, cell, block }: Group, by: Grouping): string {
    const what = block === undefined ? undefined : this.#model.whatText(this.#model.blocks, block);
    if (what !== undefined) return what;
    if (by === "cell") return place(this.#trans, cell ?? 0, 0);
    return tag === undefined ? this.#trans.__("(several tags)") : this.#tag(tag);
  }

  place({ cell, line, tag, block }: Group, by: Grouping): string {
    if (by === "cell") return tag === undefined ? this.#trans.__("several tags") : this.#tag(tag);
    const where =
      cell === undefined ? this.#trans.__("several cells") : place(this.#trans, cell, line ?? 0);
    return block === undefined ? where : this.#trans.__("%1 · block %2", where, block);
  }

  /** What a filter is compared with. */
  text(row: Group, by: Grouping): string {
    return `${this.name(row, by)} ${this.place(row, by)}`.toLowerCase();
  }

  /** One line for all rows. */
  sum(rows: readonly Group[], { kind }: Subject, isFiltered: boolean): string {
    if (rows.length === 0) return this.#nothing(kind, isFiltered);
    const [bytes, blocks] = [total(rows, "bytes"), total(rows, "blocks")];
    const isChange = kind === "change";
    const inBlocks = this.#trans._n(
      "%2 in %3 block",
      "%2 in %3 blocks",
      Math.abs(blocks),
      isChange ? signedBytes(bytes) : formatBytes(bytes),
      isChange ? signedCount(blocks) : exact(blocks),
    );
    const count = this.#trans._n("%2 row", "%2 rows", rows.length, exact(rows.length));
    return `${inBlocks}, ${count}`;
  }

  /** What the table can't know: what happened before the page had records; empty where there is nothing. */
  caveat({ kind }: Subject, stretch: Stretch | undefined): string {
    const { log, numbers } = this.#model;
    if (kind === "peak") {
      const { bytes, time } = this.#sources.peak();
      if (bytes === numbers?.peakLive) return this.#trans.__("Peak at %1", clock(time, 3));
      return this.#trans.__(
        "The highest level since %1; the peak of %2 was before",
        clock(log.timeOf(log.begin)),
        formatBytes(numbers?.peakLive ?? 0),
      );
    }
    if (kind !== "stretch" || !stretch || log.begin === 0) return "";
    const begin = log.timeOf(log.begin);
    return begin <= stretch.from ? "" : this.#trans.__("Known since %1", clock(begin));
  }

  #nothing(kind: Subject["kind"], isFiltered: boolean): string {
    if (isFiltered) return this.#trans.__("No row matches the filter");
    if (kind === "change") return this.#trans.__("Nothing has come or gone");
    if (kind === "live") return this.#trans.__("Nothing is live");
    return this.#trans.__("Nothing");
  }

  #tag(tag: number): string {
    return this.#model.tagText(tag) ?? this.#trans.__("(no tag)");
  }
}

/** The sum of what rows have. */
export const total = (rows: readonly Group[], of: "blocks" | "bytes"): number =>
  rows.reduce((sum, row) => sum + row[of], 0);
