// A page that watches a real pool's books through a real monitor, in the test's own thread.
import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BLOCK_ROW_WORDS,
  type Books,
  EVENT,
  EVENT_WORDS,
  MONITOR_VERSION,
  type MonitorDelta,
  type MonitorSnapshot,
  openBooks,
} from "../../kernel/src/base/index.ts";
import { Monitor } from "../../kernel/src/monitor/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

export type Message = (MonitorSnapshot | MonitorDelta) & { buffers: ArrayBufferView[] };

/** A page as the protocol describes it: a model of the blocks from snapshots and deltas. */
export class Page {
  readonly messages: Message[] = [];
  readonly blocks = new Map<number, { slab: number; size: number; cell: number }>();
  readonly slabs = new Map<number, number>();

  receive(data: object, buffers: ArrayBufferView[] = []): void {
    const message = { ...(data as MonitorSnapshot | MonitorDelta), buffers };
    assert.equal(message.v, MONITOR_VERSION);
    assert.equal(message.seq, this.messages.length, "seq has no gaps");
    this.messages.push(message);
    const words = buffers[0] as Uint32Array;
    if (message.kind === "snapshot") this.#restart(message, words);
    else this.#apply(words);
  }

  #restart(message: MonitorSnapshot, rows: Uint32Array): void {
    this.blocks.clear();
    this.slabs.clear();
    for (const { id, bytes } of message.slabs) this.slabs.set(id, bytes);
    for (let at = 0; at < rows.length; at += BLOCK_ROW_WORDS) {
      this.blocks.set(rows[at]!, {
        slab: rows[at + 1]!,
        size: rows[at + 3]!,
        cell: rows[at + 6]!,
      });
    }
  }

  #apply(events: Uint32Array): void {
    for (let at = 0; at < events.length; at += EVENT_WORDS) {
      const kind = events[at]! & 0xff;
      const id = events[at + 1]!;
      const [slab, size, cell] = [events[at + 2]!, events[at + 4]!, events[at + 6]!];
      if (kind === EVENT.alloc) this.blocks.set(id, { slab, size, cell });
      if (kind === EVENT.free) this.blocks.delete(id);
      if (kind === EVENT.slabNew) this.slabs.set(id, size * 256);
      if (kind === EVENT.slabFree) this.slabs.delete(id);
    }
  }

  get last(): Message {
    return this.messages.at(-1)!;
  }

  get samples(): Float64Array {
    return this.last.buffers[1] as Float64Array;
  }

  /** Waits until a message meets `condition`; returns it. */
  async until(condition: (message: Message) => boolean): Promise<Message> {
    for (let seen = 0; ; ) {
      for (; seen < this.messages.length; seen++) {
        if (condition(this.messages[seen]!)) return this.messages[seen]!;
      }
      await sleep(5);
    }
  }
}

const running: Monitor[] = [];
afterEach(() => {
  for (const monitor of running.splice(0)) monitor.dispose();
});

/** A pool, its monitor, and `open`, which lets a page come. */
export function watched() {
  const books = openBooks();
  const pool = new Pool(new SimulatedMemory(), {
    books,
    budget: "64 GiB",
    slabBytes: 64 * 2 ** 20,
  });
  const pages = new Map<string, Page>();
  const monitor = new Monitor(books, (commId, data, buffers) =>
    pages.get(commId)!.receive(structuredClone(data), structuredClone(buffers)),
  );
  running.push(monitor);
  const open = (commId: string) => {
    const page = new Page();
    pages.set(commId, page);
    monitor.open(commId, {});
    return page;
  };
  return { books, pool, monitor, open };
}

export function assertSame(page: Page, books: Books, live: readonly Block[]): void {
  const wanted = live.map(({ id }) => [id, books.blocks.slab[id]!, books.blocks.size[id]!]);
  const found = [...page.blocks].map(([id, { slab, size }]) => [id, slab, size]);
  const byId = (a: number[], b: number[]) => a[0]! - b[0]!;
  assert.deepEqual(found.sort(byId), wanted.sort(byId));
}
