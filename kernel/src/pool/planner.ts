// Serves the iterations of repeating computations from plans: records each iteration, makes a plan from the
// first, serves later ones from it, and makes a new one when they differ. What the plan has no place for,
// the pool serves as ever.
import { BLOCK_CAPACITY, type Books, COUNTER, GRANULE } from "../base/index.ts";
import { KIND } from "./chunks.ts";
import type { Fit } from "./fit.ts";
import type { Ledger } from "./ledger.ts";
import { Plan } from "./plan.ts";
import { Recording } from "./recording.ts";
import type { Slabs } from "./slabs.ts";
import type { PlanInfo } from "./types.ts";

/** How far ahead in the plan a request is looked for that is not the next one. */
const LOOK_AHEAD = 16;

interface Computation {
  plan: Plan | undefined;
  iterations: number;
  /** Iterations in a row that differed from the plan. */
  differing: number;
  /** Of the last iteration: allocations, and how many of them the plan served. */
  allocations: number;
  served: number;
  /** Milliseconds that the last plan took to make. */
  solving: number;
}

export class Planner {
  readonly #books: Books;
  readonly #ledger: Ledger;
  readonly #fit: Fit;
  readonly #slabs: Slabs;
  readonly #computations = new Map<string, Computation>();
  #running: Computation | undefined;
  #recording = new Recording();
  /** By row: 1 + its number in the recording, and in the plan; 0 for none. Made at first use. */
  #recorded = new Uint32Array(0);
  #planned = new Uint32Array(0);
  #rows: number[] = [];
  /** Number in the plan of the request expected next. */
  #next = 0;
  #differs = false;

  constructor(ledger: Ledger, fit: Fit, slabs: Slabs) {
    this.#books = ledger.books;
    this.#ledger = ledger;
    this.#fit = fit;
    this.#slabs = slabs;
  }

  /** Whether an iteration is running. */
  get active(): boolean {
    return this.#running !== undefined;
  }

  /** Runs `body` as an iteration of the computation `name`; inside another iteration, as part of that. */
  run<T>(name: string, body: () => T): T {
    if (this.#running !== undefined) return body();
    const running = this.#begin(name);
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.#drop(running);
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#end(running);
      return result;
    }
    return result.then(
      (value) => {
        this.#end(running);
        return value;
      },
      (error: unknown) => {
        this.#drop(running);
        throw error;
      },
    ) as T;
  }

  /** Ends the running iteration, if any, without learning from it: its cell was terminated. */
  abandon(): void {
    if (this.#running) this.#drop(this.#running);
  }

  plans(): PlanInfo[] {
    return [...this.#computations].map(([name, of]) => ({
      name,
      iterations: of.iterations,
      allocations: of.allocations,
      served: of.served,
      bytes: (of.plan?.height ?? 0) * GRANULE,
      milliseconds: of.solving,
    }));
  }

  /** Row of a chunk of `granules` at the planned place, or 0 when the plan has none that is free. */
  take(granules: number): number {
    const plan = this.#running!.plan;
    if (plan === undefined) return 0;
    const k = this.#match(plan, granules);
    if (k < 0 || !plan.places(k)) return 0;
    if (!this.#ready(plan)) return 0;
    const hole = plan.holeFor(k, this.#fit, this.#books);
    if (hole === 0) {
      this.#differs = true;
      return 0;
    }
    if (this.#fit.isWhole(hole)) this.#slabs.used(hole);
    const row = plan.carve(k, hole, this.#fit, this.#books);
    if (row !== 0) this.#planned[row] = k + 1;
    return row;
  }

  /** Records that the chunk `row` became a block. */
  born(row: number, granules: number): void {
    const k = this.#recording.born(granules);
    this.#recorded[row] = k + 1;
    this.#rows.push(row);
    if (this.#planned[row] !== 0) this.#running!.served++;
  }

  /** Records that the block `row` was given back, and became part of `hole`. */
  died(row: number, hole: number): void {
    const recorded = this.#recorded[row]!;
    if (recorded !== 0) {
      this.#recording.died(recorded - 1);
      this.#recorded[row] = 0;
    }
    const planned = this.#planned[row]!;
    if (planned !== 0) {
      this.#planned[row] = 0;
      this.#running?.plan?.gaveBack(planned - 1, hole, this.#books);
    }
  }

  #begin(name: string): Computation {
    if (this.#recorded.length === 0) {
      this.#recorded = new Uint32Array(BLOCK_CAPACITY);
      this.#planned = new Uint32Array(BLOCK_CAPACITY);
    }
    let running = this.#computations.get(name);
    if (running === undefined) {
      running = {
        plan: undefined,
        iterations: 0,
        differing: 0,
        allocations: 0,
        served: 0,
        solving: 0,
      };
      this.#computations.set(name, running);
    }
    running.served = 0;
    this.#recording = new Recording();
    this.#rows = [];
    this.#next = 0;
    this.#differs = false;
    this.#running = running;
    return running;
  }

  #end(running: Computation): void {
    if (this.#running !== running) return; // it was abandoned
    const recording = this.#recording;
    this.#drop(running);
    running.iterations++;
    running.allocations = recording.count;
    const { plan } = running;
    const same = plan !== undefined && !this.#differs && this.#next === plan.count;
    running.differing = same ? 0 : running.differing + 1;
    // A computation that differs each time would cost a plan each time: make the 1st, 2nd, 4th, 8th …
    if (same || (running.differing & (running.differing - 1)) !== 0) return;
    const began = performance.now();
    running.plan = new Plan(recording);
    running.solving = performance.now() - began;
    if (plan !== undefined && plan.slab !== 0) this.#slabs.disown(plan.slab);
    // What served the recording is of no use to the plan's slab, which is reserved when it is needed.
    this.#slabs.trim(Number.POSITIVE_INFINITY);
  }

  #drop(running: Computation): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    // Blocks that outlive the iteration are no longer of the recording, nor of the plan.
    for (const row of this.#rows) {
      this.#recorded[row] = 0;
      this.#planned[row] = 0;
    }
    this.#rows = [];
    this.#recording = new Recording();
  }

  /** Number in the plan of a request for `granules`, or −1 when it is not expected. */
  #match(plan: Plan, granules: number): number {
    const next = this.#next;
    if (plan.granules[next] === granules) {
      this.#next = next + 1;
      return next;
    }
    this.#differs = true;
    for (let k = next + 1; k < Math.min(plan.count, next + LOOK_AHEAD); k++) {
      if (plan.granules[k] !== granules) continue;
      this.#next = k + 1;
      return k;
    }
    return -1; // one more than the plan has: the next may be the one expected
  }

  /** Whether the plan has its slab, which is reserved when it is not there. */
  #ready(plan: Plan): boolean {
    if (plan.slab !== 0 && this.#slabs.has(plan.slab)) return true;
    const { row } = this.#slabs.grow(plan.height * GRANULE, KIND.planned);
    if (row === 0) return false;
    plan.serveFrom(this.#books.blocks.slab[row]!, row);
    this.#ledger.set(COUNTER.largestFree, this.#fit.nearLargest() * GRANULE);
    return true;
  }
}
