// What the pool's thread says beside the books: tags, the adapter, marks. Everything is kept for pages that
// come later, and what is new since the last delta for those that are there.
import type {
  AdapterNote,
  MarkNote,
  MonitorDelta,
  MonitorNote,
  MonitorSnapshot,
  WhatNote,
} from "../base/index.ts";

/** The latest marks that are kept. */
const MAX_MARKS = 512;
/** The latest blocks of which it is kept what they hold. */
const MAX_WHATS = 8192;

type Fresh = Pick<MonitorDelta, "tags" | "adapter" | "marks" | "whats">;

export class News {
  readonly #tags = new Map<number, string>();
  /** By row. */
  readonly #whats = new Map<number, WhatNote>();
  #marks: MarkNote[] = [];
  #adapter: AdapterNote | null = null;
  #fresh: Fresh = { tags: {} };
  #isFresh = false;

  get adapter(): AdapterNote | null {
    return this.#adapter;
  }

  /** Whether there is anything since take(). */
  get any(): boolean {
    return this.#isFresh;
  }

  add(note: Exclude<MonitorNote, { type: "cell" }>): void {
    this.#isFresh = true;
    if (note.type === "tag") {
      this.#tags.set(note.id, note.text);
      this.#fresh.tags[note.id] = note.text;
    } else if (note.type === "mark") {
      this.#marks.push(note.mark);
      if (this.#marks.length > MAX_MARKS) this.#marks.shift();
      const fresh = (this.#fresh.marks ??= []);
      fresh.push(note.mark);
      if (fresh.length > MAX_MARKS) fresh.shift();
    } else if (note.type === "what") {
      this.#keepWhat(note.what);
    } else {
      this.#adapter = note.adapter;
      this.#fresh.adapter = note.adapter;
    }
  }

  #keepWhat(what: WhatNote): void {
    const [id] = what;
    this.#whats.delete(id);
    this.#whats.set(id, what);
    if (this.#whats.size > MAX_WHATS) this.#whats.delete(this.#whats.keys().next().value!);
    const fresh = (this.#fresh.whats ??= []);
    fresh.push(what);
    if (fresh.length > MAX_WHATS) fresh.shift();
  }

  /** What is new, once. */
  take(): Fresh {
    const fresh = this.#fresh;
    this.#fresh = { tags: {} };
    this.#isFresh = false;
    return fresh;
  }

  /** Everything that is kept. */
  all(): Pick<MonitorSnapshot, "tags" | "adapter" | "marks" | "whats"> {
    const tags = Object.fromEntries(this.#tags);
    const whats = [...this.#whats.values()];
    return { tags, adapter: this.#adapter, marks: [...this.#marks], whats };
  }
}
