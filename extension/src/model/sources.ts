// What the tables can be about: the blocks that are live now, those at the peak, what leaks since a mark or
// in a stretch of time, and what changed between two moments that were kept.
import { BLOCK_STATE, EVENT } from "../../../kernel/src/base/books.ts";
import { BlockTable } from "./blocks.ts";
import type { Stretch } from "./focus.ts";
import { blocksOf, difference, type Group, type Grouping, group, type Source } from "./groups.ts";
import { PeakFinder } from "./peak.ts";
import type { PoolModel } from "./pool-model.ts";
import { Replay } from "./replay.ts";

/** The blocks of a moment that the user has kept. */
export interface Snapshot {
  /** 1 for the first of a kernel's life. */
  number: number;
  /** Milliseconds since the epoch, by the kernel's clock. */
  time: number;
  blocks: BlockTable;
}

/** Snapshots that are kept; the oldest goes. Each holds a copy of the block table. */
const MOST_KEPT = 8;

/** What a table is about. Marks are named by their time, snapshots by their number. */
export type Subject =
  | { kind: "live" }
  | { kind: "peak" }
  | { kind: "stretch" }
  | { kind: "mark"; time: number }
  | { kind: "change"; from: number; to: number | undefined };

export class Sources {
  readonly #model: PoolModel;
  readonly #peak: PeakFinder;
  readonly #replay: Replay;
  #taken = 0;
  #kept: Snapshot[] = [];

  constructor(model: PoolModel) {
    this.#model = model;
    this.#peak = new PeakFinder(model.log);
    this.#replay = new Replay(model.log);
  }

  /** Snapshots, the oldest first. */
  get kept(): readonly Snapshot[] {
    return this.#kept;
  }

  /** Keeps the blocks that are there now. */
  keep(): Snapshot {
    const { blocks, timeline } = this.#model;
    const time = timeline.length > 0 ? timeline.time[timeline.length - 1]! : this.#model.now();
    const snapshot = { number: ++this.#taken, time, blocks: blocks.clone() };
    this.#kept = [...this.#kept, snapshot].slice(-MOST_KEPT);
    return snapshot;
  }

  /** Forgets the snapshots: the kernel that they are of is gone. */
  clear(): void {
    this.#kept = [];
    this.#taken = 0;
  }

  /** The groups of a subject, in no particular order; none where there is no such subject (any more). */
  groups(subject: Subject, stretch: Stretch | undefined, by: Grouping): Group[] {
    if (subject.kind === "live" && by !== "block") return this.#model.groups.by(by);
    const source = this.#of(subject, stretch);
    return source ? group(source, by) : [];
  }

  #of(subject: Subject, stretch: Stretch | undefined): Source | undefined {
    const { blocks, marks } = this.#model;
    if (subject.kind === "live") return blocksOf(blocks);
    if (subject.kind === "peak") return this.#atPeak();
    if (subject.kind === "stretch") return stretch && blocksOf(this.survivors(stretch));
    if (subject.kind === "mark") {
      const mark = marks.find(({ time }) => time === subject.time);
      return mark && blocksOf(blocks, (id) => blocks.bornAt[id]! >= mark.head);
    }
    const from = this.#snapshot(subject.from);
    const to = subject.to === undefined ? { blocks } : this.#snapshot(subject.to);
    return from && to && difference(from.blocks, to.blocks);
  }

  #snapshot(number: number): Snapshot | undefined {
    return this.#kept.find((one) => one.number === number);
  }

  #atPeak(): Source {
    const { blocks } = this.#replay.seek(this.#peak.find().index);
    return blocksOf(blocks, (id) => blocks.state[id] !== BLOCK_STATE.spilled);
  }

  /** The peak as the log has it: its bytes, and its time in milliseconds since the epoch. */
  peak(): { bytes: number; time: number } {
    const { bytes, index } = this.#peak.find();
    return { bytes, time: this.#model.log.timeOf(index - 1) };
  }

  /** Blocks that were allocated in a stretch of time and not freed in it. */
  survivors({ from, to }: Stretch): BlockTable {
    const { log } = this.#model;
    const table = new BlockTable();
    const born = new Set<number>();
    log.forEach(log.indexAfter(from), log.indexAfter(to), (words, at, index, time) => {
      const kind = words[at]! & 0xff;
      const id = words[at + 1]!;
      if (kind === EVENT.alloc) born.add(id);
      else if (!born.has(id)) return;
      else if (kind === EVENT.free) born.delete(id);
      table.apply(words, at, index, time);
    });
    return table;
  }
}
