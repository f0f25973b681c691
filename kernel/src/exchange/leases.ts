// The leases of this process: its claims on what lies in arenas. There is one view (an ArrayBuffer) and one
// lease for each version of a table that is in use here, however often it was got: V8 counts every view as
// memory of its own, and a second view of a large table would set its garbage collector going.
import type { Table } from "apache-arrow";
import type { Native } from "./native.ts";

/** A version of a table in use here. */
export interface Lease {
  readonly name: string;
  readonly key: string;
  /** Weak: when the table and all arrays over it are collected, the lease ends. */
  readonly view: WeakRef<ArrayBuffer>;
  readonly onEnd: () => void;
  /** Tables got from it and not released. */
  claims: number;
}

export class Leases {
  readonly #byKey = new Map<string, Lease>();
  readonly #byTable = new WeakMap<Table, Lease>();
  readonly #collected = new FinalizationRegistry<Lease>((lease) => this.#end(lease));
  readonly #native: Native;

  constructor(addon: Native) {
    this.#native = addon;
  }

  /** The view of that version, if it is in use here. */
  find(key: string): ArrayBuffer | undefined {
    return this.#byKey.get(key)?.view.deref();
  }

  /** A version comes into use. `onEnd` is called once, when it is not any more. */
  add(name: string, key: string, view: ArrayBuffer, onEnd: () => void): void {
    const lease = { name, key, view: new WeakRef(view), onEnd, claims: 0 };
    this.#byKey.set(key, lease);
    this.#collected.register(view, lease, lease);
  }

  /** A table was made over that version. */
  claim(key: string, table: Table): void {
    const lease = this.#byKey.get(key)!;
    lease.claims++;
    this.#byTable.set(table, lease);
  }

  /**
   * Ends the table's claim. With the last one on its version all arrays over it are empty at once, and the
   * lease ends. False when the table has no claim.
   */
  releaseTable(table: Table): boolean {
    const lease = this.#byTable.get(table);
    if (!lease) return false;
    this.#byTable.delete(table);
    if (--lease.claims <= 0) this.#detach(lease);
    return true;
  }

  /** Ends all leases on what was got under this name. */
  releaseName(name: string): void {
    for (const lease of [...this.#byKey.values()]) if (lease.name === name) this.#detach(lease);
  }

  /** Ends a lease on which there is no table. */
  abandon(key: string): void {
    const lease = this.#byKey.get(key);
    if (lease && lease.claims === 0) this.#detach(lease);
  }

  #detach(lease: Lease): void {
    const view = lease.view.deref();
    if (view) this.#native.detach(view);
    this.#collected.unregister(lease);
    this.#end(lease);
  }

  #end(lease: Lease): void {
    // The version may have come into use again before the collector told of the old view.
    if (this.#byKey.get(lease.key) === lease) this.#byKey.delete(lease.key);
    lease.onEnd();
  }
}
