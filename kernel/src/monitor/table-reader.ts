// Copies the block table for a snapshot, without a lock. A row that changes meanwhile is put right by
// its event, because each event is written after the row and the reader's position is taken before.
import {
  BLOCK_ROW_WORDS,
  BLOCK_STATE,
  type Books,
  CONTROL,
  COUNTER,
  GRANULE,
  type PoolNumbers,
  type SlabInfo,
} from "../base/index.ts";

const TRIES = 8;

/** The rows of all blocks, as BLOCK_ROW_WORDS describes them. */
export function readBlocks(books: Books): Uint32Array<ArrayBuffer> {
  const rows = books.blocks;
  const used = books.control[CONTROL.blockRows]!;
  const live: number[] = [];
  for (let row = 1; row < used; row++) if (rows.state[row] !== BLOCK_STATE.none) live.push(row);
  const packed = new Uint32Array(live.length * BLOCK_ROW_WORDS);
  let at = 0;
  for (const row of live) {
    packed[at] = row;
    packed[at + 1] = rows.slab[row]!;
    packed[at + 2] = rows.offset[row]!;
    packed[at + 3] = rows.size[row]!;
    packed[at + 4] = rows.requestedLow[row]!;
    packed[at + 5] = rows.requestedHigh[row]!;
    packed[at + 6] = rows.cell[row]!;
    packed[at + 7] = rows.line[row]!;
    packed[at + 8] = rows.tag[row]!;
    packed[at + 9] = rows.state[row]!;
    packed[at + 10] = rows.generation[row]!;
    at += BLOCK_ROW_WORDS;
  }
  return packed;
}

/**
 * The slabs. Blocks and holes tile a slab, so that its size is where its last chunk ends; the scan is
 * repeated while the sequence word says that the books were changing.
 */
export function readSlabs(books: Books): SlabInfo[] {
  let slabs: SlabInfo[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = Atomics.load(books.control, CONTROL.sequence);
    slabs = scanSlabs(books);
    if (before % 2 === 0 && Atomics.load(books.control, CONTROL.sequence) === before) break;
  }
  return slabs;
}

function scanSlabs(books: Books): SlabInfo[] {
  const { slab, offset, size } = books.blocks;
  const ends = new Map<number, number>();
  for (let row = 1; row < books.control[CONTROL.blockRows]!; row++) {
    const id = slab[row]!;
    if (id === 0 || size[row] === 0) continue;
    const end = offset[row]! + size[row]!;
    if (end > (ends.get(id) ?? 0)) ends.set(id, end);
  }
  return [...ends]
    .map(([id, granules]) => ({ id, bytes: granules * GRANULE }))
    .sort((a, b) => a.id - b.id);
}

export function readNumbers(books: Books): PoolNumbers {
  const names = Object.entries(COUNTER);
  const numbers = names.map(([name, slot]) => [name, books.counters[slot]!]);
  return Object.fromEntries(numbers) as PoolNumbers;
}
