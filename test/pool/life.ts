// A random life of a pool, for snapshots: allocations, frees, moves and spills as the pool does them, with
// a plain model of what is live beside it.
import fc from "fast-check";
import { type Books, openBooks, runInCell } from "../../kernel/src/base/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

export interface Life {
  pool: Pool;
  books: Books;
  /** Live blocks in the order of their allocation. */
  live: Block[];
  /** Operations so far: +bytes for an allocation, −bytes for a free. */
  operations: number[];
}

export type Deed = readonly [what: "alloc" | "free" | "compact" | "trim", value: number];

export const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant("alloc" as const), fc.nat(300_000)) },
    { weight: 5, arbitrary: fc.tuple(fc.constant("free" as const), fc.nat()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("compact" as const), fc.nat()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("trim" as const), fc.nat()) },
  ),
  { maxLength: 80 },
);

export function begin(): Life {
  const books = openBooks();
  const pool = new Pool(new SimulatedMemory(), { books, budget: "1 GiB" });
  return { pool, books, live: [], operations: [] };
}

export function live({ pool, live, operations }: Life, [what, value]: Deed): void {
  if (what === "alloc") {
    const cell = (value % 3) + 1;
    const block = runInCell(cell, () => pool.allocate(value, { tag: `tag ${value % 5}` }));
    live.push(block);
    operations.push(value);
  } else if (what === "free" && live.length > 0) {
    const [block] = live.splice(value % live.length, 1);
    operations.push(-block!.bytes);
    block!.dispose();
  } else if (what === "compact") pool.compact();
  else if (what === "trim") pool.trim();
}
