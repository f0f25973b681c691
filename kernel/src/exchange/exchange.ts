// The exchange of this process: joins what it shares (owner) and what it reads (peers, mappings).
import type * as Arrow from "apache-arrow";
import { CenoteError, native } from "../base/index.ts";
import { Answers } from "./answers.ts";
import { bytesOutside } from "./arrow-buffers.ts";
import { decode } from "./decode.ts";
import { type Message, protocolError } from "./frames.ts";
import { Leases } from "./leases.ts";
import { MappedArenas } from "./mapped-arenas.ts";
import type { MappedArena } from "./mappings.ts";
import { unanswered, unknownName } from "./missing.ts";
import { type Owned, Owner } from "./owner.ts";
import type { Peer } from "./peer.ts";
import { Peers } from "./peers.ts";
import { Putting } from "./putting.ts";
import { checkObjectSize, readSegment } from "./segment.ts";
import {
  type Description,
  Listing,
  ownerText,
  readDescription,
  type SharedTable,
} from "./shared.ts";
import type { ExchangeStats } from "./stats.ts";
import { tableBehind, type Views, viewOf } from "./views.ts";
import { type Change, Watching } from "./watching.ts";

/** Milliseconds that a living peer has to answer one question. */
const PATIENCE_MS = 1000;
/** Milliseconds between looks while `get` waits for a name: the first pause, and the longest. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** Objects of one peer whose arenas are mapped before they are asked for. */
const MOST_READY = 16;
/** Recent times of `get` that are kept. */
const TIMES_KEPT = 100;

/** Calls of `get` without a message after which the event loop gets a turn: what has ended is told in turns. */
const MOST_WITHOUT_TURN = 64;

/**
 * A version of a name, leased: by a peer, or of our own. Of a peer's that is in use here there is a lease
 * already, and this one has none.
 */
type Found = { description: Description } & (
  | { peer: Peer; lease: number | undefined }
  | { owned: Owned }
);

/** What it takes to read in place. */
interface Reading {
  leases: Leases;
  arenas: MappedArenas;
}

export class Exchange {
  readonly #owner = new Owner();
  readonly putting = new Putting(this.#owner);
  readonly #watching = new Watching();
  readonly #counts = { handoffs: 0, copies: 0, bytesCopied: 0 };
  /** Microseconds that the latest calls of `get` took, once the name was found. */
  readonly #getTimes: number[] = [];
  readonly #peers = new Peers(() => this.#reading?.arenas.forgetDropped());
  readonly #answers = new Answers();
  #withoutTurn = 0;
  /** Undefined where nothing can be mapped. */
  readonly #reading: Reading | undefined;
  /** Who was last seen to share a name. */
  readonly #seen = new Map<string, SharedTable["owner"]>();

  constructor() {
    const addon = native();
    this.#reading = addon && {
      leases: new Leases(addon),
      arenas: new MappedArenas(addon, PATIENCE_MS),
    };
  }

  /** Tells of changes of a name, or of all; returns what ends it. */
  watch(name: string | undefined, tell: (change: Change) => void): () => void {
    return this.#watching.watch(name, tell);
  }

  /** The newest table of that name, as one of the views of it. */
  async getAs<As extends keyof Views>(name: string, waitMs: number, as: As): Promise<Views[As]> {
    const arrow = await import("apache-arrow");
    const table = await this.get(name, waitMs);
    try {
      const { view, copied } = viewOf(arrow, table, name, as);
      this.#countCopy(copied);
      return view;
    } catch (error) {
      this.release(table);
      throw error;
    }
  }

  async get(name: string, waitMs: number): Promise<Arrow.Table> {
    const arrow = await import("apache-arrow");
    const deadline = performance.now() + waitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const begun = performance.now();
      const { found, silent } = await this.#find(name);
      if (found) {
        try {
          const table = await this.#open(arrow, found);
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

  /** Connects to the peers there are and maps the arenas of what they share. */
  async connect(): Promise<void> {
    this.#refresh();
    const { replies } = await this.#peers.askAll({ op: "list" }, PATIENCE_MS);
    for (const { peer, reply } of replies) {
      const objects = Array.isArray(reply["objects"]) ? reply["objects"].slice(0, MOST_READY) : [];
      for (const object of objects) {
        const { table, arena } = readDescription(object, peer.owner);
        if (arena) await this.#reading?.arenas.find(peer, arena, table.owner);
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
    if (typeof what === "string") this.#reading?.leases.releaseName(what);
    else this.#reading?.leases.releaseTable(tableBehind(what));
  }

  stats(): ExchangeStats {
    this.#owner.catchUp();
    const mapped = this.#reading?.arenas.sizes ?? { count: 0, bytes: 0 };
    const { handoffs, copies, bytesCopied } = this.#counts;
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
      zeroCopy: this.#reading !== undefined,
    };
  }

  #refresh(): void {
    this.#peers.refresh(this.#owner.path);
    this.#reading?.arenas.forgetDropped();
  }

  /** The newest version of a name, leased, and who has not answered. */
  async #find(name: string): Promise<{ found: Found | undefined; silent: string[] }> {
    this.#refresh();
    const peers = this.#peers.all;
    for (const peer of peers) peer.hear(0); // that it has ended, for example
    const found: Found[] = [];
    const { leased, silent, wrong } = await this.#ask(name, peers);
    const owned = this.#owner.lease(name);
    if (owned) found.push({ description: owned.object, owned });
    found.push(...leased);
    if (found.length === 0 && wrong !== undefined) throw wrong;
    found.sort((a, b) => b.description.createdUs - a.description.createdUs);
    for (const older of found.slice(1)) this.#endLease(older);
    return { found: found[0], silent };
  }

  /** Asks those of whom it is not known any more what they share under the name, and tells of all. */
  async #ask(
    name: string,
    peers: Peer[],
  ): Promise<{ leased: Found[]; silent: string[]; wrong: unknown }> {
    const toAsk = peers.filter((peer) => !peer.closed && !this.#known(peer, name));
    const leased: Found[] = [];
    const silent: string[] = [];
    let wrong: unknown;
    if (toAsk.length > 0) {
      const counts = new Map(toAsk.map((peer) => [peer, peer.count(name)]));
      const ask = { op: "get", name };
      const enough = (reply: Message) => reply["object"] !== null;
      const answers = await this.#peers.askAll(ask, PATIENCE_MS, enough, toAsk);
      silent.push(...answers.silent);
      for (const { peer, reply } of answers.replies) {
        try {
          const found = readReply(name, peer, reply);
          this.#answers.remember(peer, name, counts.get(peer), found?.description);
          if (found) leased.push(found);
        } catch (error) {
          wrong = error; // what others share under the name is as good as before
        }
      }
    } else if (++this.#withoutTurn >= MOST_WITHOUT_TURN) {
      this.#withoutTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const peer of peers) {
      if (peer.closed || toAsk.includes(peer)) continue;
      const known = this.#known(peer, name);
      // What was known may have changed while the others were asked.
      if (!known) return this.#askAgain(name, peers, leased);
      if (known.description) {
        leased.push({ description: known.description, peer, lease: undefined });
      }
    }
    return { leased, silent, wrong };
  }

  async #askAgain(name: string, peers: Peer[], leased: Found[]) {
    for (const found of leased) this.#endLease(found);
    return this.#ask(name, peers);
  }

  /** What a peer shares under the name, if that is still known and no lease on it is wanting. */
  #known(peer: Peer, name: string): { description: Description | undefined } | undefined {
    const known = this.#answers.find(peer, name);
    const leased =
      known?.description === undefined ||
      this.#reading?.leases.peek(leaseKey(peer.path, known.description.table)) !== undefined;
    return leased ? known : undefined;
  }

  #endLease(found: Found): void {
    if ("owned" in found) this.#owner.endLease(found.owned);
    else if (found.lease !== undefined) found.peer.release(found.lease);
  }

  /** The table, over the mapped arena; or over a copy where it can't be mapped. */
  async #open(arrow: typeof Arrow, found: Found): Promise<Arrow.Table | undefined> {
    const { name, owner, bytes } = found.description.table;
    this.#seen.set(name, owner);
    try {
      checkObjectSize(name, bytes);
    } catch (error) {
      this.#endLease(found);
      throw error;
    }
    let table: Arrow.Table | undefined;
    if (this.#reading && found.description.arena) {
      table = await this.#openMapped(arrow, found, this.#reading);
    } else {
      const copy = await this.#copy(found);
      table = decode(arrow, copy, found.description);
    }
    if (table) this.#counts.handoffs++;
    return table;
  }

  /** Undefined when the lease that there was has ended meanwhile: a newer version has been got. */
  async #openMapped(
    arrow: typeof Arrow,
    found: Found,
    { leases, arenas }: Reading,
  ): Promise<Arrow.Table | undefined> {
    const { table: shared, offset, arena: place } = found.description;
    let arena: MappedArena;
    try {
      const owner = "owned" in found ? this.#owner : found.peer;
      arena = await arenas.find(owner, place!, shared.owner);
    } catch (error) {
      this.#endLease(found);
      throw error;
    }
    const key = leaseKey("owned" in found ? "own" : found.peer.path, shared);
    let view = leases.find(key);
    if (view) {
      this.#endLease(found); // one will do
    } else if ("peer" in found && found.lease === undefined) {
      return undefined;
    } else {
      view = arena.lease(offset, shared.bytes);
      leases.add(shared.name, key, view, () => {
        arena.end(offset, shared.bytes);
        this.#endLease(found);
        arenas.forgetDropped();
      });
    }
    try {
      const decoded = leases.decoded(key) ?? decode(arrow, new Uint8Array(view), found.description);
      const outside = bytesOutside(decoded, view);
      this.#countCopy(outside);
      const table = new arrow.Table(decoded.schema, decoded.batches);
      leases.claim(key, table, decoded);
      return table;
    } catch (error) {
      leases.abandon(key);
      throw error;
    }
  }

  async #copy(found: Found): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = found.description.table;
    let copy: Uint8Array<ArrayBuffer>;
    try {
      if ("owned" in found) {
        const { arena, offset } = found.owned.place;
        copy = new Uint8Array(readSegment(arena.segment.handle, offset, bytes));
      } else copy = await found.peer.fetch(found.lease!, bytes, PATIENCE_MS); // only what is mapped has none
    } finally {
      this.#endLease(found);
    }
    this.#countCopy(bytes);
    return copy;
  }

  #countCopy(bytes: number): void {
    if (bytes === 0) return;
    this.#counts.copies++;
    this.#counts.bytesCopied += bytes;
  }

  async #unknown(name: string, silent: string[]): Promise<CenoteError> {
    if (silent.length > 0) return unanswered(name, silent);
    const names = [...new Set((await this.list()).map((table) => table.name))];
    return unknownName(name, names, this.#seen.get(name));
  }
}

/** One version of one owner. */
const leaseKey = (owner: string, table: SharedTable) => `${owner} ${table.version}`;

/** What a peer has answered to `get`, or undefined where it has nothing of that name. Throws PROTOCOL. */
function readReply(name: string, peer: Peer, reply: Message): Found | undefined {
  if (reply["object"] === null) return undefined;
  const description = readDescription(reply["object"], peer.owner);
  const lease = reply["lease"];
  if (description.table.name === name && typeof lease === "number") {
    return { description, peer, lease };
  }
  throw protocolError(`${ownerText(peer.owner)}: wanted ${JSON.stringify(name)} and its lease`);
}
