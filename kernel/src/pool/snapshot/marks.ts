// Marks: points in the pool's life that later blocks are told from earlier ones by. A mark remembers the
// generation of every row, which is exact however many events come after it (a row's generation changes
// with each of its blocks).
import { type Books, CONTROL, EVENT, postNote, writeClock, writeEvent } from "../../base/index.ts";
import { checkName, tagId } from "../tags.ts";

export class Mark {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly #generations: Uint32Array;

  /** Marks now, in the events too. Throws BAD_NAME. */
  constructor(name: string, books: Books) {
    checkName("a mark's name", name);
    this.name = name;
    this.time = performance.timeOrigin + performance.now();
    this.#generations = books.blocks.generation.slice(0, books.control[CONTROL.blockRows]!);
    writeClock(books);
    const cell = books.control[CONTROL.cell]!;
    writeEvent(books, EVENT.mark, 0, 0, 0, 0, 0, cell, 0, tagId(name));
    const head = books.control[CONTROL.ringHead]!;
    postNote({ type: "mark", mark: { name, time: this.time, cell, head } });
  }

  /** Whether the block that has this row and generation was allocated after the mark. */
  isBefore(id: number, generation: number): boolean {
    return this.#generations[id] !== generation;
  }
}
