// What the slab map says of its strips and of the block that is looked at.
import type { TranslationBundle } from "@jupyterlab/translation";
import { BLOCK_STATE } from "../../../kernel/src/base/books.ts";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { Block, BlockTable } from "../model/blocks.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { AWAY, type Strip } from "../model/slab-layout.ts";
import { duration, exactBytes, percent } from "./dom.ts";
import { place } from "./words.ts";

/** One line for a slab. */
export function stripWords(trans: TranslationBundle, { slab, bytes, used }: Strip): string {
  if (slab === AWAY) return trans.__("not on the device · %1", formatBytes(bytes));
  const share = percent(used / bytes);
  return trans.__("slab %1 · %2 · %3 used", slab, formatBytes(bytes), share);
}

/** Lines for a block of `blocks`, as it was at `time`, in milliseconds since the epoch. */
export function blockWords(
  trans: TranslationBundle,
  model: PoolModel,
  blocks: BlockTable,
  block: Block,
  time: number,
): string[] {
  const age = time - block.born;
  const states: Record<number, string> = {
    [BLOCK_STATE.cached]: trans.__("free, kept for reuse"),
    [BLOCK_STATE.pinned]: trans.__("pinned"),
    [BLOCK_STATE.spilled]: trans.__("in host memory or on disk"),
  };
  return [
    model.whatText(blocks, block.id) ?? model.tagText(block.tag) ?? trans.__("(no tag)"),
    `${formatBytes(block.bytes)} (${exactBytes(block.requested)})`,
    place(trans, block.cell, block.line),
    states[block.state] ?? "",
    Number.isNaN(age) ? "" : trans.__("%1 old", duration(Math.max(0, age))),
  ].filter((line) => line !== "");
}
