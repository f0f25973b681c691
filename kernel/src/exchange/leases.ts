// The leases of this process: its claims on what lies in arenas. There is one view (an ArrayBuffer) and one
// lease for each version of a table that is in use here, however often it was got, and the view outlives its
// last table for a moment, in case the version is got again.
import type { Table } from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import type { Decoded } from "./known-streams.ts";

/** Milliseconds that a released version may be got again without a new view. */
const PARKED_MS = 200;
/** Versions that may be, at most: more would live long enough to cost the collector time. */
const MOST_PARKED = 64;
/** Tables of one version that are remembered before the collected ones are sorted out. */
const SORT_OUT_AT = 64;

/** A version of a table in use here. */
export interface Lease {
  readonly name: string;
  readonly key: string;
  /** Weak: when the table and all arrays over it are collected, the lease ends. */
  readonly view: WeakRef<ArrayBuffer>;
  readonly onEnd: (view?: ArrayBuffer) => void;
  /** Tables got from it and not released; collected ones count, because arrays of theirs may live on. */
  claims: number;
  tables: WeakRef<Table>[];
  /** What the tables are made from: decoded once, and kept by them. */
  decoded?: WeakRef<Decoded>;
  /** Set while the version is released but its view is kept. */
  parked?: { view: ArrayBuffer; decoded: Decoded | undefined; timer: NodeJS.Timeout } | undefined;
}

export class Leases {
  readonly #byKey = new Map<string, Lease>();
  /** Those whose view is kept though they are released, the oldest first. */
  readonly #parked = new Set<Lease>();
  readonly #byTable = new WeakMap<Table, { lease: Lease; decoded: Decoded }>();
  readonly #collected = new FinalizationRegistry<Lease>((lease) => this.#end(lease));

  /** The view of that version as `find` would give it; its lease goes on as it is. */
  peek(key: string): ArrayBuffer | undefined {
    const lease = this.#byKey.get(key);
    return lease?.parked?.view ?? lease?.view.deref();
  }

  /** What was decoded from that version, if it still is here. */
  decoded(key: string): Decoded | undefined {
    const lease = this.#byKey.get(key);
    return lease?.parked?.decoded ?? lease?.decoded?.deref();
  }

  /** The view of that version, if it is in use here or was until a moment ago. */
  find(key: string): ArrayBuffer | undefined {
    const lease = this.#byKey.get(key);
    if (!lease?.parked) return lease?.view.deref();
    return this.#takeParked(lease)!.view;
  }

  /**
   * A version comes into use. `onEnd` is called once, when it is not any more; with its memory, as another
   * ArrayBuffer, unless that was collected. Released versions of the same
   * name are older, and nobody will get them again.
   */
  add(name: string, key: string, view: ArrayBuffer, onEnd: Lease["onEnd"]): void {
    for (const old of this.#parked) if (old.name === name) this.#unpark(old);
    const lease = { name, key, view: new WeakRef(view), onEnd, claims: 0, tables: [] };
    this.#byKey.set(key, lease);
    this.#collected.register(view, lease, lease);
  }

  /** A table was made over that version, from what was decoded of it. */
  claim(key: string, table: Table, decoded: Decoded): void {
    const lease = this.#byKey.get(key)!;
    lease.claims++;
    if (lease.tables.length >= SORT_OUT_AT)
      lease.tables = lease.tables.filter((ref) => ref.deref());
    lease.tables.push(new WeakRef(table));
    if (lease.decoded?.deref() !== decoded) lease.decoded = new WeakRef(decoded);
    this.#byTable.set(table, { lease, decoded });
  }

  /**
   * Ends the table's claim: it raises from now on. Soon after the last claim on its version all arrays over
   * it are empty, and the lease ends. False when the table has no claim.
   */
  releaseTable(table: Table): boolean {
    const lease = this.#byTable.get(table)?.lease;
    if (!lease) return false;
    this.#byTable.delete(table);
    forbid(table, lease.name);
    if (--lease.claims <= 0) this.#park(lease);
    return true;
  }

  /** Ends all claims on what was got under this name. */
  releaseName(name: string): void {
    for (const lease of [...this.#byKey.values()]) {
      if (lease.name !== name) continue;
      for (const ref of lease.tables) {
        const table = ref.deref();
        if (table && this.#byTable.delete(table)) forbid(table, name);
      }
      lease.claims = 0;
      this.#park(lease);
    }
  }

  /** Ends a lease on which there is no table. */
  abandon(key: string): void {
    const lease = this.#byKey.get(key);
    if (lease?.claims === 0) this.#park(lease);
  }

  /** Keeps the view for a moment, in case the version is got again. */
  #park(lease: Lease): void {
    if (lease.parked) return;
    lease.tables = [];
    const view = lease.view.deref();
    if (!view) return; // the collector is about to tell
    const timer = setTimeout(() => this.#unpark(lease), PARKED_MS);
    lease.parked = { view, decoded: lease.decoded?.deref(), timer: timer.unref() };
    this.#parked.add(lease);
    if (this.#parked.size > MOST_PARKED) this.#unpark(this.#parked.values().next().value!);
  }

  #takeParked(lease: Lease): Lease["parked"] {
    const { parked } = lease;
    if (!parked) return undefined;
    clearTimeout(parked.timer);
    lease.parked = undefined;
    this.#parked.delete(lease);
    return parked;
  }

  /** Empties all arrays over the version, and ends its lease. */
  #unpark(lease: Lease): void {
    const memory = this.#takeParked(lease)?.view.transfer();
    if (!memory) return;
    this.#collected.unregister(lease);
    this.#end(lease, memory);
  }

  #end(lease: Lease, memory?: ArrayBuffer): void {
    // The version may have come into use again before the collector told of the old view.
    if (this.#byKey.get(lease.key) === lease) this.#byKey.delete(lease.key);
    lease.onEnd(memory);
  }
}

/** Makes a table raise, whatever is asked of it: all its methods go through its batches. */
function forbid(table: Table, name: string): void {
  Object.defineProperty(table, "batches", {
    get() {
      const quoted = JSON.stringify(name);
      throw new CenoteError("RELEASED", `this table was released (it was got as ${quoted})`, {
        mend: `Get it again: await get(${quoted}).`,
      });
    },
  });
}
