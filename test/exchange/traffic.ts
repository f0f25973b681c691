// Random traffic of the exchange, for the tests that kill processes and for the soak. Every table has one
// column of one value, so that whoever reads it can tell memory that was reused under it. traffic.py is
// its twin.
import type { Table } from "apache-arrow";
import { get, list, put, release, remove } from "../../kernel/src/exchange/index.ts";

/** What traffic among processes that come and go may meet. */
const EXPECTED = new Set(["UNKNOWN_NAME", "PEER_GONE", "PEER_SILENT"]);
const ROWS = [1, 1000, 20_000];
const MOST_HELD = 8;

/** Puts, gets, holds, releases and removes at random; `names` are its own. */
export class Traffic {
  readonly names: string[];
  #held: Table[] = [];
  #seed: number;
  #stepsDone = 0;

  constructor(names: string[], seed: number) {
    this.names = names;
    this.#seed = seed;
  }

  /** Does `count` things; tells how many it has done so far. */
  async steps(count: number): Promise<number> {
    for (let i = 0; i < count; i++) {
      try {
        await this.#step();
      } catch (error) {
        if (!EXPECTED.has((error as { code: string }).code)) throw error;
      }
      this.#stepsDone++;
    }
    return this.#stepsDone;
  }

  async #step(): Promise<void> {
    const what = this.#below(1000);
    if (what < 350) {
      const values = new BigInt64Array(this.#pick(ROWS)).fill(BigInt(this.#below(1 << 30)));
      await put(this.#pick(this.names), { v: values });
    } else if (what < 850) {
      const names = [...new Set((await list()).map((table) => table.name))].sort();
      if (names.length > 0) {
        const table = await get(this.#pick(names));
        check(table);
        this.#held.push(table);
      }
      if (this.#held.length > MOST_HELD) {
        const [table] = this.#held.splice(this.#below(this.#held.length), 1);
        check(table!);
        await release(table!);
      }
    } else if (what < 950) await this.#letGo();
    else await remove(this.#pick(this.names));
  }

  async #letGo(): Promise<void> {
    for (const table of this.#held.splice(0)) {
      check(table);
      await release(table);
    }
  }

  /** Lets go of everything and takes the names back. */
  async rest(): Promise<void> {
    await this.#letGo();
    globalThis.gc?.();
    for (const table of await list()) {
      if (this.names.includes(table.name)) await remove(table.name);
    }
  }

  /** A linear congruential generator (Numerical Recipes, 2nd edition, section 7.1). */
  #below(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * limit);
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#below(of.length)]!;
  }
}

/** The table is one that `Traffic` has put, whole. */
function check(table: Table): void {
  const values = table.getChild("v")!.toArray() as BigInt64Array;
  const whole = ROWS.includes(values.length) && values.every((value) => value === values[0]);
  if (!whole) throw new Error("memory was reused under a lease");
}
