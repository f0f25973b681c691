// The exchange of this process: joins what it shares (owner) and what it reads (peers, mappings).

import type * as Arrow from "apache-arrow";
import { CenoteError, native } from "../base/index.ts";
import { Finder } from "./finding.ts";
import { Leases } from "./leases.ts";
import { loadArrow } from "./load-arrow.ts";
import { MappedArenas } from "./mapped-arenas.ts";
import { unanswered, unknownName } from "./missing.ts";
import { Owner } from "./owner.ts";
import type { Peer } from "./peer.ts";
import { PATIENCE_MS, Peers } from "./peers.ts";
import { Putting } from "./putting.ts";
import { Reader } from "./reading.ts";
import { Listing, readDescription, type SharedTable } from "./shared.ts";
import type { ExchangeStats } from "./stats.ts";
import { tableBehind, type Views, viewOf } from "./views.ts";
import { type Change, Watching } from "./watching.ts";

/** Milliseconds between looks while `get` waits for a name: the first pause, and the longest. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** Objects of one peer whose arenas are mapped before they are asked for. */
const MOST_READY = 16;
/** Recent times of `get` that are kept. */
const TIMES_KEPT = 100;

export class Exchange {
  readonly #owner = new Owner();
  readonly putting = new Putting(this.#owner);
  readonly #watching = new Watching();
  /** Microseconds that the latest calls of `get` took, once the name was found. */
  readonly #getTimes: number[] = [];
  readonly #peers = new Peers(() => this.#arenas?.forgetDropped());
  readonly #leases = new Leases();
  /** Undefined where nothing can be mapped. */
  readonly #arenas: MappedArenas | undefined;
  readonly #finder: Finder;
  readonly #reader: Reader;
  /** Whose arenas were mapped before they were asked for. */
  readonly #met = new WeakSet<Peer>();
  /** Who was last seen to share a name. */
  readonly #seen = new Map<string, SharedTable["owner"]>();

  constructor() {
    const addon = native();
    this.#arenas = addon && new MappedArenas(addon, PATIENCE_MS);
    this.#finder = new Finder(this.#owner, this.#peers, this.#leases);
    this.#reader = new Reader(this.#owner, this.#finder, this.#leases, this.#arenas);
  }

  /** Tells of changes of a name, or of all; returns what ends it. */
  watch(name: string | undefined, tell: (change: Change) => void): () => void {
    return this.#watching.watch(name, tell);
  }

  /** The newest table of that name, as one of the views of it. */
  async getAs<As extends keyof Views>(name: string, waitMs: number, as: As): Promise<Views[As]> {
    const arrow = await loadArrow();
    const table = await this.get(name, waitMs);
    try {
      const { view, copied } = viewOf(arrow, table, name, as);
      this.#reader.countCopy(copied);
      return view;
    } catch (error) {
      this.release(table);
      throw error;
    }
  }

  async get(name: string, waitMs: number): Promise<Arrow.Table> {
    const arrow = await loadArrow();
    const deadline = performance.now() + waitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const begun = performance.now();
      this.#refresh();
      const { found, silent } = await this.#finder.find(name);
      if (found) {
        this.#seen.set(name, found.description.table.owner);
        try {
          const table = await this.#reader.open(arrow, found);
          if (!table) continue;
          this.#getTimes.push((performance.now() - begun) * 1000);
          if (this.#getTimes.length > TIMES_KEPT) this.#getTimes.shift();
          return table;
        } catch (error) {
          const ended = error instanceof CenoteError && error.code === "PEER_GONE";
          if (!ended || performance.now() >= deadline) throw error;
        }
      }
      const left = deadline - performance.now();
      if (left <= 0) throw await this.#unknown(name, silent);
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
    }
  }

  /** Connects to the peers that are new and maps the arenas of what they share. */
  async connect(): Promise<void> {
    this.#refresh();
    const strangers = this.#peers.all.filter((peer) => !this.#met.has(peer));
    for (const peer of strangers) this.#met.add(peer);
    const question = { op: "list" };
    const { replies } = await this.#peers.askAll(question, PATIENCE_MS, undefined, strangers);
    for (const { peer, reply } of replies) {
      const objects = Array.isArray(reply["objects"]) ? reply["objects"].slice(0, MOST_READY) : [];
      for (const object of objects) {
        const { table, arena } = readDescription(object, peer.owner);
        if (arena) await this.#arenas?.find(peer, arena, table.owner);
      }
    }
  }

  async list(): Promise<Listing> {
    this.#refresh();
    const tables = this.#owner.tables();
    const { replies } = await this.#peers.askAll({ op: "list" }, PATIENCE_MS);
    for (const { peer, reply } of replies) {
      const objects = Array.isArray(reply["objects"]) ? reply["objects"] : [];
      for (const object of objects) {
        try {
          tables.push(readDescription(object, peer.owner).table);
        } catch {
          // what can't be described can't be got either
        }
      }
    }
    for (const table of tables) this.#seen.set(table.name, table.owner);
    const byName = (a: SharedTable, b: SharedTable) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : b.created.getTime() - a.created.getTime();
    return Listing.from(tables.sort(byName)) as Listing;
  }

  async remove(name: string): Promise<void> {
    let removed = this.#owner.remove(name);
    this.#refresh();
    const { replies, silent } = await this.#peers.askAll({ op: "remove", name }, PATIENCE_MS);
    for (const { reply } of replies) removed ||= reply["removed"] === true;
    if (!removed) throw await this.#unknown(name, silent);
  }

  release(what: string | Views[keyof Views]): void {
    if (typeof what === "string") this.#leases.releaseName(what);
    else this.#leases.releaseTable(tableBehind(what));
  }

  get sharedBytes(): number {
    return this.#owner.arenas.taken;
  }

  stats(): ExchangeStats {
    this.#owner.catchUp();
    const mapped = this.#arenas?.sizes ?? { count: 0, bytes: 0 };
    const { handoffs, copies, bytesCopied } = this.#reader.counts;
    return {
      ...this.putting.counts,
      handoffs,
      copies: copies + this.#owner.sent.tables,
      bytesCopied: bytesCopied + this.#owner.sent.bytes,
      segments: this.#owner.arenas.count,
      segmentBytes: this.#owner.arenas.bytes,
      mappedSegments: mapped.count,
      mappedBytes: mapped.bytes,
      getMicroseconds: [...this.#getTimes],
      zeroCopy: this.#arenas !== undefined,
    };
  }

  #refresh(): void {
    this.#peers.refresh(this.#owner.path);
    this.#arenas?.forgetDropped();
  }

  async #unknown(name: string, silent: string[]): Promise<CenoteError> {
    if (silent.length > 0) return unanswered(name, silent);
    const names = [...new Set((await this.list()).map((table) => table.name))];
    return unknownName(name, names, this.#seen.get(name));
  }
}
