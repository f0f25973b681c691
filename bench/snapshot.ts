// What a snapshot costs: npm run bench -- snapshot. Taken with 100,000 events, at 1,000 and at 100,000 live
// blocks, against a plain copy of as many bytes in the same run, in turns; medians of processor time. Also
// what the exports take, which are worked out when they are asked for.
import { BLOCK_FIELDS, CONTROL, EVENT_WORDS, openBooks } from "../kernel/src/base/index.ts";
import {
  type Block,
  EXPORTS,
  type ExportFormat,
  Pool,
  SimulatedMemory,
} from "../kernel/src/pool/index.ts";

const EVENTS = 100_000;
const ROUNDS = 31;

function poolWith(blocks: number): { pool: Pool; bytes: number; live: Block[] } {
  const books = openBooks();
  const pool = new Pool(new SimulatedMemory(), { books, budget: 2 ** 50 });
  const live = Array.from({ length: blocks }, (_, i) =>
    pool.allocate((i % 97) * 1000, { tag: `tag ${i % 7}` }),
  );
  while (pool.snapshot().data.events.kind.length < EVENTS) {
    for (let i = 0; i < 5000; i++) pool.allocate(i).dispose();
  }
  const { control } = books;
  const words = control[CONTROL.blockRows]! * BLOCK_FIELDS.length;
  const records = Math.min(control[CONTROL.ringHead]!, books.ring.length / EVENT_WORDS);
  return { pool, bytes: (words + records * EVENT_WORDS) * 4, live };
}

/** Milliseconds of processor time. */
function time(body: () => unknown): number {
  const began = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

for (const blocks of [1000, 100_000]) {
  const { pool, bytes, live } = poolWith(blocks);
  const source = new Uint8Array(bytes).fill(1);
  const taken: number[] = [];
  const copied: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    taken.push(time(() => pool.snapshot()));
    copied.push(time(() => source.slice()));
  }
  const [first] = taken;
  const [snapshot, copy] = [median(taken), median(copied)];
  const { events } = pool.snapshot().data;
  console.log(
    `${live.length} blocks, ${events.kind.length} events: snapshot ${snapshot.toFixed(2)} ms ` +
      `(first ${first!.toFixed(2)}), ${(snapshot / copy).toFixed(2)} × a copy of its ` +
      `${(bytes / 2 ** 20).toFixed(1)} MiB`,
  );
  const data = pool.snapshot();
  console.log(`  decoded in ${time(() => data.data).toFixed(0)} ms`);
  for (const format of Object.keys(EXPORTS) as ExportFormat[]) {
    let size = 0;
    const took = time(() => {
      size = data.export(format).length;
    });
    console.log(
      `  ${format.padEnd(10)} ${took.toFixed(0).padStart(5)} ms, ${size} characters or bytes`,
    );
  }
  pool.close();
}
