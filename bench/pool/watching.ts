// What being watched costs a cell: the same cell with the monitor following the books from a thread of its
// own, as the wire's thread does for a page of the panel, and without, in turns. The goal is about processor
// time of the cell's thread; by the clock a cell also waits where threads are more than processors.
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openBooks, runInCell } from "../../kernel/src/base/index.ts";
import { Monitor } from "../../kernel/src/monitor/index.ts";
import { Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { median, tell } from "./figures.ts";

const ROUNDS = 20;
const PAGE = "page";

interface Cell {
  name: string;
  run(pool: Pool): void;
}

/** A loop that only computes. */
function compute(steps: number): number {
  let sum = 0;
  for (let n = 0; n < steps; n++) sum += Math.sqrt(n);
  return sum;
}

const CELLS: Cell[] = [
  {
    name: "a cell that computes and allocates 10,000 times a second",
    run(pool) {
      for (let n = 0; n < 10_000; n++) {
        const block = pool.allocate(1024 + (n % 1000) * 256, { tag: "step" });
        compute(20_000);
        block.dispose();
      }
    },
  },
  {
    name: "a cell that does nothing but allocate and free",
    run(pool) {
      for (let n = 0; n < 5_000_000; n++) pool.allocate(1024, { tag: "step" }).dispose();
    },
  },
];

/** Milliseconds. */
interface Cost {
  processor: number;
  clock: number;
}

function costOf(body: () => void): Cost {
  const [began, before] = [performance.now(), process.threadCpuUsage()];
  body();
  const { user, system } = process.threadCpuUsage(before);
  return { processor: (user + system) / 1000, clock: performance.now() - began };
}

/** In the thread: follows the books while the main thread says so. */
function watch(): void {
  const monitor = new Monitor(openBooks(workerData), () => {});
  parentPort!.on("message", (on: boolean) => {
    if (on) monitor.open(PAGE);
    else monitor.close(PAGE);
    parentPort!.postMessage("done");
  });
}

async function compare(): Promise<void> {
  const books = openBooks();
  const pool = new Pool(new SimulatedMemory(), { books, budget: 2 ** 50 });
  const live = Array.from({ length: 1000 }, () => pool.allocate(1024));
  const thread = new Worker(new URL(import.meta.url), { workerData: books.buffer });
  const turn = async (on: boolean) => {
    thread.postMessage(on);
    await once(thread, "message");
  };
  for (const { name, run } of CELLS) {
    const found = { on: [] as Cost[], off: [] as Cost[] };
    for (let round = -4; round < ROUNDS; round++) {
      // Which comes first changes, so that what lasts longer than a turn meets both.
      for (const on of round % 2 === 0 ? [true, false] : [false, true]) {
        await turn(on);
        const cost = costOf(() => runInCell(1, () => run(pool)));
        if (round >= 0) found[on ? "on" : "off"].push(cost);
      }
    }
    const longer = (of: keyof Cost) =>
      median(found.on.map((cost, round) => cost[of] / found.off[round]![of] - 1));
    const percent = (of: keyof Cost) => `${(longer(of) * 100).toFixed(1)} %`;
    tell({
      name: `watched: ${name}`,
      found: `${percent("processor")} more processor time, ${percent("clock")} more by the clock`,
      goal: "≤ 1 %",
      met: longer("processor") <= 0.01,
    });
  }
  for (const block of live) block.dispose();
  await thread.terminate();
}

if (isMainThread) await compare();
else watch();
