// The exchange of this process: joins what it shares (owner) and what it reads (peers, mappings).
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { bytesOutside } from "./arrow-buffers.ts";
import { processStart } from "./folder.ts";
import { encodeFrame, protocolError } from "./frames.ts";
import { Leases } from "./leases.ts";
import { MappedArena } from "./mappings.ts";
import { native } from "./native.ts";
import { nearest } from "./nearest.ts";
import { type Owned, Owner } from "./owner.ts";
import { pack } from "./packed.ts";
import { Peer } from "./peer.ts";
import { Peers } from "./peers.ts";
import { checkObjectSize, readSegment } from "./segment.ts";
import {
  COLUMNS_NAMED,
  type Description,
  Listing,
  ownerText,
  readDescription,
  type SharedTable,
} from "./shared.ts";
import type { ExchangeStats } from "./stats.ts";
import { toTable } from "./to-table.ts";

/** Milliseconds that a living peer has to answer one question. */
const PATIENCE_MS = 1000;
/** Milliseconds between looks while `get` waits for a name: the first pause, and the longest. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** Recent times of `get` that are kept. */
const TIMES_KEPT = 100;

/** A version of a name, leased: by a peer, or of our own. */
type Found = { description: Description } & ({ peer: Peer; lease: number } | { owned: Owned });

/** An arena that is mapped, or about to be. */
interface Mapping {
  coming: Promise<MappedArena>;
  arena?: MappedArena;
}

export class Exchange {
  readonly #owner = new Owner();
  readonly #counts = { puts: 0, bytesPut: 0, handoffs: 0, copies: 0, bytesCopied: 0 };
  /** Microseconds that the latest calls of `get` took, once the name was found. */
  readonly #getTimes: number[] = [];
  readonly #peers = new Peers(() => this.#forgetDropped());
  readonly #leases: Leases | undefined;
  readonly #mapped = new Map<Peer | Owner, Map<number, Mapping>>();
  /** Every arena that is mapped now. */
  readonly #arenas = new Set<MappedArena>();
  /** Who was last seen to share a name. */
  readonly #seen = new Map<string, SharedTable["owner"]>();

  constructor() {
    const addon = native();
    this.#leases = addon ? new Leases(addon) : undefined;
  }

  async put(name: string, value: unknown): Promise<SharedTable> {
    const arrow = await import("apache-arrow");
    const table = toTable(arrow, value);
    await this.#owner.start();
    const { fields } = table.schema;
    const short = (text: string) => (text.length <= 80 ? text : `${text.slice(0, 79)}…`);
    const facts = {
      name,
      rows: table.numRows,
      columns: fields
        .slice(0, COLUMNS_NAMED)
        .map((field): [string, string] => [short(field.name), short(String(field.type))]),
      columnCount: fields.length,
    };
    const packed = pack(arrow, table);
    const shared = this.#owner.put(facts, packed.bytes, packed.write);
    this.#counts.puts++;
    this.#counts.bytesPut += packed.bytes;
    return shared;
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

  async list(): Promise<Listing> {
    await this.#refresh();
    const tables = this.#owner.tables();
    const { replies } = await this.#peers.askAll({ op: "list" }, PATIENCE_MS);
    for (const { peer, reply } of replies) {
      const objects = Array.isArray(reply["objects"]) ? reply["objects"] : [];
      for (const object of objects) tables.push(readDescription(object, peer.owner).table);
    }
    for (const table of tables) this.#seen.set(table.name, table.owner);
    const byName = (a: SharedTable, b: SharedTable) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : b.created.getTime() - a.created.getTime();
    return Listing.from(tables.sort(byName)) as Listing;
  }

  async remove(name: string): Promise<void> {
    let removed = this.#owner.remove(name);
    await this.#refresh();
    const { replies, silent } = await this.#peers.askAll({ op: "remove", name }, PATIENCE_MS);
    for (const { reply } of replies) removed ||= reply["removed"] === true;
    if (!removed) throw await this.#unknown(name, silent);
  }

  release(what: string | Arrow.Table): void {
    if (typeof what === "string") this.#leases?.releaseName(what);
    else this.#leases?.releaseTable(what);
  }

  stats(): ExchangeStats {
    this.#owner.catchUp();
    const { puts, bytesPut, handoffs, copies, bytesCopied } = this.#counts;
    return {
      puts,
      bytesPut,
      handoffs,
      copies: copies + this.#owner.sent.tables,
      bytesCopied: bytesCopied + this.#owner.sent.bytes,
      segments: this.#owner.arenas.count,
      segmentBytes: this.#owner.arenas.bytes,
      mappedSegments: this.#arenas.size,
      mappedBytes: [...this.#arenas].reduce((sum, arena) => sum + arena.bytes, 0),
      getMicroseconds: [...this.#getTimes],
      zeroCopy: this.#leases !== undefined,
    };
  }

  async #refresh(): Promise<string[]> {
    const silent = await this.#peers.refresh(PATIENCE_MS, this.#owner.path);
    this.#forgetDropped();
    return silent;
  }

  /** The newest version of a name, leased, and who has not answered. */
  async #find(name: string): Promise<{ found: Found | undefined; silent: string[] }> {
    const unreached = await this.#refresh();
    const ask = { op: "get", name };
    const { replies, silent } = await this.#peers.askAll(
      ask,
      PATIENCE_MS,
      (reply) => reply["object"] !== null,
    );
    const found: Found[] = [];
    const owned = this.#owner.lease(name);
    if (owned) found.push({ description: owned.object, owned });
    for (const { peer, reply } of replies) {
      if (reply["object"] === null) continue;
      const description = readDescription(reply["object"], peer.owner);
      const lease = reply["lease"];
      if (description.table.name !== name || typeof lease !== "number") {
        throw protocolError(
          `${ownerText(peer.owner)}: wanted ${JSON.stringify(name)} and its lease`,
        );
      }
      found.push({ description, peer, lease });
    }
    found.sort((a, b) => b.description.createdUs - a.description.createdUs);
    for (const older of found.slice(1)) this.#endLease(older);
    return { found: found[0], silent: [...silent, ...unreached] };
  }

  #endLease(found: Found): void {
    if ("owned" in found) this.#owner.endLease(found.owned);
    else found.peer.release(found.lease);
  }

  /** The table, over the mapped arena; or over a copy where it can't be mapped. */
  async #open(arrow: typeof Arrow, found: Found): Promise<Arrow.Table> {
    const { name, owner, bytes } = found.description.table;
    this.#seen.set(name, owner);
    try {
      checkObjectSize(name, bytes);
    } catch (error) {
      this.#endLease(found);
      throw error;
    }
    let table: Arrow.Table;
    if (this.#leases && found.description.arena) {
      table = await this.#openMapped(arrow, found, this.#leases);
    } else {
      const copy = await this.#copy(found);
      table = decode(arrow, copy, found.description);
    }
    this.#counts.handoffs++;
    return table;
  }

  async #openMapped(arrow: typeof Arrow, found: Found, leases: Leases): Promise<Arrow.Table> {
    const { table: shared, offset } = found.description;
    let arena: MappedArena;
    try {
      arena = await this.#arena(found);
    } catch (error) {
      this.#endLease(found);
      throw error;
    }
    const key = `${"owned" in found ? "own" : found.peer.path} ${shared.version}`;
    let view = leases.find(key);
    if (view) {
      this.#endLease(found); // one will do
    } else {
      view = arena.lease(offset, shared.bytes);
      leases.add(shared.name, key, view, () => {
        arena.end(offset, shared.bytes);
        this.#endLease(found);
        this.#forgetDropped();
      });
    }
    try {
      const table = decode(arrow, new Uint8Array(view), found.description);
      const outside = bytesOutside(table, view);
      if (outside > 0) {
        this.#counts.copies++;
        this.#counts.bytesCopied += outside;
      }
      leases.claim(key, table);
      return table;
    } catch (error) {
      leases.abandon(key);
      throw error;
    }
  }

  async #arena(found: Found): Promise<MappedArena> {
    const key = "owned" in found ? this.#owner : found.peer;
    const wanted = found.description.arena!;
    const known = this.#mapped.get(key) ?? new Map<number, Mapping>();
    this.#mapped.set(key, known);
    let mapping = known.get(wanted.id);
    if (!mapping) {
      mapping = { coming: this.#mapArena(found, wanted) };
      known.set(wanted.id, mapping);
      mapping.coming.catch(() => known.delete(wanted.id));
    }
    const arena = (mapping.arena ??= await mapping.coming);
    if (arena.bytes !== wanted.bytes) throw protocolError("an arena has changed its size");
    return arena;
  }

  async #mapArena(found: Found, arena: { id: number; bytes: number }): Promise<MappedArena> {
    const addon = native()!;
    const path = "owned" in found ? this.#owner.path! : found.peer.path;
    // The serving thread owns our own descriptors too, so that this is one way for all.
    const request = encodeFrame({ op: "arena", id: 1, arena: arena.id });
    let fd: number;
    try {
      fd = await addon.receiveDescriptor(path, request, PATIENCE_MS);
    } catch (error) {
      const who = ownerText(found.description.table.owner);
      throw new CenoteError(
        "PEER_GONE",
        `${who} has not passed its arena (${(error as Error).message})`,
      );
    }
    try {
      const mapped = new MappedArena(addon, fd, arena.bytes);
      this.#arenas.add(mapped);
      return mapped;
    } catch (error) {
      const who = ownerText(found.description.table.owner);
      throw protocolError(`${who}: its arena can't be mapped (${(error as Error).message})`);
    }
  }

  async #copy(found: Found): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = found.description.table;
    let copy: Uint8Array<ArrayBuffer>;
    try {
      if ("owned" in found) {
        const { arena, offset } = found.owned.place;
        copy = new Uint8Array(readSegment(arena.segment.handle, offset, bytes));
      } else copy = await found.peer.fetch(found.lease, bytes, PATIENCE_MS);
    } finally {
      this.#endLease(found);
    }
    this.#counts.copies++;
    this.#counts.bytesCopied += bytes;
    return copy;
  }

  /** Unmaps arenas that their owner has dropped (or that died with it) and nobody here uses. */
  #forgetDropped(): void {
    for (const [key, arenas] of this.#mapped) {
      for (const [id, { arena }] of arenas) {
        const gone =
          key instanceof Peer ? key.closed || key.dropped.has(id) : !this.#owner.hasArena(id);
        if (!gone || !arena?.unused) continue;
        arenas.delete(id);
        this.#arenas.delete(arena);
        arena.close();
      }
      if (arenas.size === 0) this.#mapped.delete(key);
    }
  }

  async #unknown(name: string, silent: string[]): Promise<CenoteError> {
    const quoted = JSON.stringify(name);
    if (silent.length > 0) {
      const pids = silent.map((path) => `process ${/(\d+)-[^/]*$/.exec(path)?.[1] ?? path}`);
      return new CenoteError(
        "PEER_SILENT",
        `nobody who answered shares ${quoted}; no answer came from ${pids.join(", ")}`,
        {
          mend: `It may be holding its interpreter. Try again, or wait longer: get(${quoted}, { wait: 30 }).`,
        },
      );
    }
    const names = [...new Set((await this.list()).map((table) => table.name))];
    const owner = this.#seen.get(name);
    const ended = owner !== undefined && owner.pid !== 0 && processStart(owner.pid) === undefined;
    const text = ended
      ? `${quoted} was shared by ${ownerText(owner)}, which has ended`
      : `no process shares anything as ${quoted}`;
    if (names.length === 0) {
      return new CenoteError("UNKNOWN_NAME", text, {
        mend: `Nothing is shared now. put(${quoted}, table) shares.`,
      });
    }
    const near = nearest(name, names);
    const shown = names.slice(0, 20).map((one) => JSON.stringify(one));
    const hint = near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
    return new CenoteError("UNKNOWN_NAME", text, {
      mend: `Shared now: ${shown.join(", ")}${names.length > 20 ? " …" : ""}.${hint}`,
    });
  }
}

function decode(arrow: typeof Arrow, memory: Uint8Array, { table }: Description): Arrow.Table {
  const what = `${ownerText(table.owner)}: ${JSON.stringify(table.name)}`;
  let read: Arrow.Table;
  try {
    read = arrow.tableFromIPC(memory);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw protocolError(`${what} is not an Arrow stream that apache-arrow reads (${why})`);
  }
  if (read.numRows !== table.rows || read.schema.fields.length !== table.columnCount) {
    throw protocolError(
      `${what}: wanted ${table.rows} rows of ${table.columnCount} columns, ` +
        `found ${read.numRows} of ${read.schema.fields.length}`,
    );
  }
  return read;
}
