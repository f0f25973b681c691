// Runs what touches the pool's memory or changes its books as one, so that no termination tears it, and ends
// it when the user has asked the running cell to stop.
import { type Books, Interrupted, books as processBooks, standStill } from "../base/index.ts";
import { Allocator } from "./allocator.ts";
import { mustBeFree } from "./keepers.ts";
import { Ledger } from "./ledger.ts";
import type { Memory, PoolOptions } from "./types.ts";

export class Operations {
  protected readonly ledger: Ledger;
  protected readonly allocator: Allocator;

  /** Throws BOOKS_TAKEN when another pool keeps the same books. */
  constructor(memory: Memory, options: PoolOptions) {
    const books = options.books ?? processBooks();
    mustBeFree(books);
    this.ledger = new Ledger(books);
    this.allocator = new Allocator(memory, this.ledger, options);
  }

  get books(): Books {
    return this.ledger.books;
  }

  /**
   * Runs one synchronous operation on the pool's memory with the sequence word odd, so that it is not
   * torn by a termination, and throws Interrupted after it when the stop word is up.
   */
  operation<T>(body: () => T): T {
    this.ledger.begin();
    let result: T;
    try {
      if (!this.ledger.nested) this.allocator.safePoint();
      result = body();
    } finally {
      this.ledger.end();
    }
    this.throwIfStopped();
    return result;
  }

  /** Like operation(), but never throws Interrupted: for what ends something. */
  unbroken<T>(body: () => T): T {
    this.ledger.begin();
    try {
      return body();
    } finally {
      this.ledger.end();
    }
  }

  /** Joins what waits to be joined, before the holes are looked at. */
  protected settle(): void {
    this.unbroken(() => this.allocator.settle());
  }

  /** Changes the books by `body`, for which they are settled. */
  protected change<T>(body: () => T): T {
    return this.unbroken(() => {
      this.allocator.settle();
      return body();
    });
  }

  /** Whether the user has asked the running cell to stop. */
  get stopping(): boolean {
    return this.ledger.stopping;
  }

  /** Throws Interrupted when the user has asked the running cell to stop. */
  throwIfStopped(): void {
    if (this.ledger.stopping) throw this.stopped();
  }

  /** Everything is whole here: a loop that swallows this error is best terminated now. */
  protected stopped(): Interrupted {
    standStill();
    return new Interrupted();
  }
}
