// What the pool's thread says beside the books: tags, the adapter, marks. Everything is kept for pages that
// come later, and what is new since the last delta for those that are there.
import type { AdapterNote, MarkNote, MonitorDelta, MonitorNote } from "../base/index.ts";

/** The latest marks that are kept. */
const MAX_MARKS = 512;

type Fresh = Pick<MonitorDelta, "tags" | "adapter" | "marks">;

export class News {
  readonly #tags = new Map<number, string>();
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

  add(note: MonitorNote): void {
    this.#isFresh = true;
    if (note.type === "tag") {
      this.#tags.set(note.id, note.text);
      this.#fresh.tags[note.id] = note.text;
    } else if (note.type === "mark") {
      this.#marks.push(note.mark);
      if (this.#marks.length > MAX_MARKS) this.#marks.shift();
      (this.#fresh.marks ??= []).push(note.mark);
    } else {
      this.#adapter = note.adapter;
      this.#fresh.adapter = note.adapter;
    }
  }

  /** What is new, once. */
  take(): Fresh {
    const fresh = this.#fresh;
    this.#fresh = { tags: {} };
    this.#isFresh = false;
    return fresh;
  }

  /** Everything that is kept. */
  all(): { tags: Record<string, string>; adapter: AdapterNote | null; marks: MarkNote[] } {
    const tags = Object.fromEntries(this.#tags);
    return { tags, adapter: this.#adapter, marks: [...this.#marks] };
  }
}
