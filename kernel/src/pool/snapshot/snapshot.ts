// A snapshot of the pool, as cells and tools see it. Taking one copies raw words; everything else is worked
// out when it is asked for, and kept.
import { writeFile } from "node:fs/promises";
import { CenoteError, DISPLAY, formatBytes, type MimeBundle } from "../../base/index.ts";
import { HolderGroups } from "../holder-groups.ts";
import type { Holder, PoolStats } from "../types.ts";
import type { Capture } from "./capture.ts";
import { toRmmLog, toTrace } from "./csv.ts";
import { decode } from "./decode.ts";
import type { Mark } from "./marks.ts";
import { toMemoryViz } from "./memory-viz.ts";
import { pageFile, pageHtml } from "./page/page.ts";
import { toPerfetto } from "./perfetto.ts";
import {
  type BlockColumns,
  checkSnapshot,
  type SnapshotData,
  type SnapshotDiff,
} from "./schema.ts";

/** What a snapshot can be written as. */
export const EXPORTS = {
  json: "our JSON, which `npx cenote export` and `replay` read",
  memory_viz: "a pickle for https://pytorch.org/memory_viz and torch/cuda/_memory_viz.py",
  rmm: "RMM's log of allocations (CSV)",
  perfetto: "Trace Event JSON for ui.perfetto.dev and chrome://tracing",
  csv: "a trace for `npx cenote replay` (t,op,id,bytes,tag)",
  html: "a page with pictures and tables, for a browser",
} as const;
export type ExportFormat = keyof typeof EXPORTS;

const BY_ENDING: readonly [ending: string, format: ExportFormat][] = [
  [".perfetto.json", "perfetto"],
  [".trace.json", "perfetto"],
  [".json", "json"],
  [".pickle", "memory_viz"],
  [".pkl", "memory_viz"],
  [".rmm.csv", "rmm"],
  [".csv", "csv"],
  [".html", "html"],
];

export class PoolSnapshot {
  readonly #captured: Capture | undefined;
  readonly #adapter: Record<string, unknown> | null;
  #data: SnapshotData | undefined;

  /** Over what was captured, or over data that a file had. */
  constructor(
    from: { captured: Capture; adapter: Record<string, unknown> | null } | { data: SnapshotData },
  ) {
    if ("data" in from) {
      this.#data = from.data;
      this.#adapter = from.data.adapter;
    } else {
      this.#captured = from.captured;
      this.#adapter = from.adapter;
    }
  }

  /** The snapshot that this text of JSON holds. `name` is for messages. Throws BAD_SNAPSHOT. */
  static parse(text: string, name = "snapshot"): PoolSnapshot {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new CenoteError("BAD_SNAPSHOT", `${name}: ${(cause as Error).message}`, { cause });
    }
    return new PoolSnapshot({ data: checkSnapshot(value, name) });
  }

  /** Everything as data; docs/memory.md (Snapshots) describes it. */
  get data(): SnapshotData {
    this.#data ??= decode(this.#captured!, this.#adapter);
    return this.#data;
  }

  /** The pool's statistics when it was taken: our counts. */
  get counts(): PoolStats {
    return this.#captured?.counts ?? this.data.counts;
  }

  /** Blocks that were live, grouped by tag, cell and line, largest group first. */
  holders(limit = Number.POSITIVE_INFINITY): Holder[] {
    return groupBlocks(this.data.blocks, () => true).slice(0, limit);
  }

  /**
   * The blocks that were allocated after the mark and were still live, grouped like `holders`. A mark may
   * be named, as long as its event is in the snapshot; throws MARK_LOST otherwise.
   */
  leaksSince(mark: Mark | string): Holder[] {
    const { blocks } = this.data;
    const since = typeof mark === "string" ? this.#allocatedAfter(mark) : undefined;
    return groupBlocks(blocks, (i) =>
      since ? since.has(blocks.id[i]!) : isAfter(mark as Mark, blocks, i),
    );
  }

  /** What is different from an earlier snapshot of the same pool. */
  diff(earlier: PoolSnapshot): SnapshotDiff {
    const now = this.data;
    const then = earlier.data;
    const [inNow, inThen] = [namesOf(now.blocks), namesOf(then.blocks)];
    const counts = Object.entries(this.counts).map(([name, value]) => [
      name,
      value - (earlier.counts[name as keyof PoolStats] ?? 0),
    ]);
    return {
      milliseconds: this.time - earlier.time,
      counts: Object.fromEntries(counts) as unknown as PoolStats,
      appeared: groupBlocks(now.blocks, (i) => !inThen.has(nameOf(now.blocks, i))),
      gone: groupBlocks(then.blocks, (i) => !inNow.has(nameOf(then.blocks, i))),
    };
  }

  toJSON(): SnapshotData {
    return this.data;
  }

  /** A pickle for PyTorch's memory_viz page. */
  toMemoryViz(): Uint8Array<ArrayBuffer> {
    return toMemoryViz(this.data);
  }

  /** RMM's log of allocations. */
  toRmmLog(): string {
    return toRmmLog(this.data);
  }

  /** Trace Event JSON, for ui.perfetto.dev. */
  toPerfetto(): string {
    return toPerfetto(this.data);
  }

  /** A trace for `npx cenote replay`. */
  toTrace(): string {
    return toTrace(this.data);
  }

  /** Timeline, slabs and tables as HTML, to stand within a page; it needs neither scripts nor a kernel. */
  toHtml(): string {
    return pageHtml(this.data);
  }

  /** The bytes of a file in this format. */
  export(format: ExportFormat): string | Uint8Array<ArrayBuffer> {
    switch (format) {
      case "json":
        return JSON.stringify(this);
      case "memory_viz":
        return this.toMemoryViz();
      case "rmm":
        return this.toRmmLog();
      case "perfetto":
        return this.toPerfetto();
      case "csv":
        return this.toTrace();
      case "html":
        return pageFile(this.data);
    }
  }

  /** Writes it to a file, as what the file's ending says or as `format`. Throws BAD_FORMAT. */
  async save(file: string, format: ExportFormat = formatOf(file)): Promise<void> {
    if (!Object.hasOwn(EXPORTS, format)) throw badFormat(format);
    await writeFile(file, this.export(format));
  }

  /** When it was taken: milliseconds since the epoch. */
  get time(): number {
    return this.#captured?.time ?? this.data.time;
  }

  [DISPLAY](): MimeBundle {
    const { live, liveBlocks, reserved, slabs } = this.counts;
    const parts = [
      `snapshot of ${new Date(this.time).toISOString()}`,
      `live ${formatBytes(live)} in ${liveBlocks} blocks`,
      `reserved ${formatBytes(reserved)} in ${slabs} slabs`,
    ];
    return { "text/plain": parts.join(" · ") };
  }

  /** Rows of the blocks that were allocated after the last mark of this name. */
  #allocatedAfter(name: string): Set<number> {
    const { events, eventsLost } = this.data;
    let at = events.kind.length - 1;
    while (at >= 0 && !(events.kind[at] === "mark" && events.tag[at] === name)) at--;
    if (at < 0) {
      const lost = eventsLost > 0 ? `; ${eventsLost} older ones were written over` : "";
      throw new CenoteError(
        "MARK_LOST",
        `no mark ${JSON.stringify(name)} in the ${events.kind.length} events${lost}`,
        { mend: "Give the mark itself, as pool.mark returned it: that does not need the events." },
      );
    }
    const after = new Set<number>();
    for (let i = at; i < events.kind.length; i++) {
      if (events.kind[i] === "alloc") after.add(events.id[i]!);
    }
    return after;
  }
}

/** The blocks that are asked for, grouped by tag, cell and line, largest group first. */
function groupBlocks(blocks: BlockColumns, wanted: (i: number) => boolean): Holder[] {
  const groups = new HolderGroups();
  for (const [i, tag] of blocks.tag.entries()) {
    if (wanted(i)) groups.add(tag, blocks.cell[i]!, blocks.line[i]!, blocks.size[i]!);
  }
  return groups.sorted;
}

const isAfter = (mark: Mark, blocks: BlockColumns, i: number) =>
  mark.isBefore(blocks.id[i]!, blocks.generation[i]!);

const nameOf = (blocks: BlockColumns, i: number) => `${blocks.id[i]} ${blocks.generation[i]}`;

const namesOf = (blocks: BlockColumns) => new Set(blocks.id.map((_, i) => nameOf(blocks, i)));

/** The format that a file's ending stands for. Throws BAD_FORMAT. */
export function formatOf(file: string): ExportFormat {
  const known = BY_ENDING.find(([ending]) => file.endsWith(ending));
  if (known) return known[1];
  const endings = BY_ENDING.map(([ending]) => ending).join(", ");
  throw new CenoteError("BAD_FORMAT", `the ending of ${file} says no format`, {
    mend: `Endings that do: ${endings}. Or give the format: ${Object.keys(EXPORTS).join(", ")}.`,
  });
}

export function badFormat(format: string): CenoteError {
  const known = Object.entries(EXPORTS).map(([name, about]) => `  ${name}: ${about}`);
  return new CenoteError("BAD_FORMAT", `there is no format ${JSON.stringify(format)}`, {
    mend: `There are:\n${known.join("\n")}`,
  });
}
