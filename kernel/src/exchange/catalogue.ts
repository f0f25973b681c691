// What this process shares, as its serving thread knows it: the objects by name and version, how many leases peers
// have on each, and which are out of use.
import type { Description } from "./shared.ts";

export interface Served {
  object: Description;
  arena: number;
  /** Of the name on the board. */
  entry: number | undefined;
  leases: number;
  current: boolean;
  /** Not current, and all leases on it that peers have taken meanwhile are known. */
  settled: boolean;
}

export class Catalogue {
  readonly #objects = new Map<string, Served>();
  /** Every version that is current or has leases. */
  readonly #versions = new Map<number, Served>();
  /** What was replaced, while the board may still say that it is current. */
  #replaced: Served[] = [];
  /** What is not current any more, and not settled yet. */
  #unsettled: Served[] = [];
  #settling = false;
  /** What only leases in sheets keep. */
  readonly #held = new Set<Served>();
  readonly #idle: (version: number) => void;
  readonly #written: () => Set<number>;

  /**
   * `idle` is told of versions that are not current any more and have no leases. `written`: those that peers have
   * written down in their sheets.
   */
  constructor(idle: (version: number) => void, written: () => Set<number> = () => new Set()) {
    this.#idle = idle;
    this.#written = written;
  }

  /** A new version, which leases are granted on from now on. The board does not tell of it yet. */
  publish(object: Description, arena: number, entry: number | undefined): void {
    const { name, version } = object.table;
    this.#replaced.push(...this.#retire(name));
    const served = { object, arena, entry, leases: 0, current: true, settled: false };
    this.#objects.set(name, served);
    this.#versions.set(version, served);
  }

  /** The board tells of what was published: what that has replaced can be settled. */
  posted(): void {
    this.#unsettled.push(...this.#replaced.splice(0));
  }

  /** The name was taken back, on the board too before it is settled. What it named, if anything. */
  remove(name: string): Served | undefined {
    const [served] = this.#retire(name);
    if (served) this.#unsettled.push(served);
    return served;
  }

  #retire(name: string): Served[] {
    const served = this.#objects.get(name);
    if (!served) return [];
    this.#objects.delete(name);
    served.current = false;
    return [served];
  }

  /** `hear` takes in what peers have sent by now: leases on what is not current any more are known then. */
  settle(hear: () => void): void {
    if (this.#settling) return;
    this.#settling = true;
    while (this.#unsettled.length > 0) {
      const waiting = this.#unsettled;
      this.#unsettled = [];
      hear();
      const written = this.#written();
      for (const served of waiting) {
        served.settled = true;
        this.#tellIfIdle(served, written);
      }
    }
    this.#settling = false;
  }

  /** The current object of that name. */
  find(name: string): Served | undefined {
    return this.#objects.get(name);
  }

  /** What is shared now. */
  get current(): Served[] {
    return [...this.#objects.values()];
  }

  /** That version, unless its range may be free already. */
  version(version: number): Served | undefined {
    return this.#versions.get(version);
  }

  endLease(served: Served): void {
    served.leases--;
    if (!served.current) this.#tellIfIdle(served, this.#written());
  }

  /** Whether there are versions that only leases in sheets keep: their end is not told. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Looks whether those leases have ended. */
  lookAfterHeld(): void {
    const held = [...this.#held];
    this.#held.clear();
    const written = this.#written();
    for (const served of held) this.#tellIfIdle(served, written);
  }

  #tellIfIdle(served: Served, written: Set<number>): void {
    if (served.leases > 0 || !served.settled) return;
    const { version } = served.object.table;
    if (written.has(version)) {
      this.#held.add(served);
      return;
    }
    this.#versions.delete(version);
    this.#idle(version);
  }
}
