// What this process shares: its objects and the arenas they lie in. Runs in the main thread, and keeps
// the serving thread informed. An object is immutable: putting a name again makes a new one, and the old
// one's range is reused only when its last lease has ended.
import { unlinkSync } from "node:fs";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { CenoteError, native } from "../base/index.ts";
import { Arenas, type Place, type Reserved } from "./arenas.ts";
import { OwnBoard } from "./board.ts";
import { type Draft, Drafts } from "./draft.ts";
import { ensureFolder, newSocketPath } from "./folder.ts";
import type { Description, SharedTable } from "./shared.ts";
import type { FromServer, ToServer } from "./thread-messages.ts";

/** One version of a named table, in an arena. */
export interface Owned {
  object: Description;
  place: Place;
  /** Leases of this process's own reads. */
  leases: number;
  /** Whether it is not current any more and no peer has a lease on it. */
  idle: boolean;
}

/** Milliseconds that the serving thread has to look whether leases have ended, before a new arena is made. */
const LOOK_MS = 20;

/** What is said of a table besides where it lies. */
export type TableFacts = Pick<SharedTable, "name" | "rows" | "columns" | "columnCount">;

export class Owner {
  /** Tables that went to peers over the socket, and their bytes. */
  readonly sent = { tables: 0, bytes: 0 };
  readonly #current = new Map<string, Owned>();
  readonly #versions = new Map<number, Owned>();
  readonly #arenas = new Arenas(
    ({ id, segment }) =>
      this.#tell({ type: "arena", id, bytes: segment.bytes, handle: segment.handle }),
    ({ id }) => this.#tell({ type: "dropped", id }),
    undefined,
    () => this.#reclaim(),
  );
  /** Raised by the serving thread when it has looked after leases. */
  readonly #looked = new Int32Array(new SharedArrayBuffer(4));
  /** Undefined where peers can't map it. */
  #board: OwnBoard | undefined;
  readonly #drafts = new Drafts(this.#arenas);
  #port: MessagePort | undefined;
  #starting: Promise<void> | undefined;
  #version = 0;
  #createdUs = 0;
  /** This process's socket, once it listens. */
  path: string | undefined;

  /** Starts the serving thread, if it does not run yet. Throws RUNTIME_FOLDER or SERVING. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const path = newSocketPath(ensureFolder());
    const { port1: port, port2 } = new MessageChannel();
    const addon = native();
    if (addon) this.#board ??= new OwnBoard(addon);
    const source = import.meta.url.endsWith(".ts") ? "./serve-thread.ts" : "./exchange-thread.js";
    const worker = new Worker(new URL(source, import.meta.url), {
      name: "cenote-exchange",
      workerData: { port: port2, path, board: this.#board?.handle, looked: this.#looked },
      transferList: [port2],
      // Not the program's own flags: those that set up a test runner or a loader are not for this thread.
      execArgv: [],
    });
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once("error", reject);
        worker.once("exit", (code) => reject(new Error(`the serving thread ended with ${code}`)));
        port.once("message", (message: FromServer) => {
          if (message.type === "listening") resolve();
          else reject(new Error(message.type === "failed" ? message.message : message.type));
        });
      });
    } catch (error) {
      port.close();
      await worker.terminate();
      const why = error instanceof Error ? error.message : String(error);
      throw new CenoteError("SERVING", `${path}: can't be served (${why})`, { cause: error });
    }
    worker.removeAllListeners("exit");
    worker.on("error", (error) => console.error("cenote: the serving thread has failed:", error));
    port.on("message", (message: FromServer) => this.#told(message));
    port.unref();
    worker.unref();
    this.#port = port;
    this.path = path;
    process.on("exit", () => {
      try {
        unlinkSync(path);
      } catch {
        // someone has tidied up before us
      }
    });
  }

  /**
   * Shares what `write` puts into the range, under the facts' name; visible to peers when it returns.
   * `start` must have been awaited.
   */
  put(facts: TableFacts, bytes: number, write: (target: Uint8Array) => void): SharedTable {
    this.catchUp();
    const place = this.#arenas.take(bytes);
    try {
      place.arena.segment.fill(place.offset, bytes, write);
    } catch (error) {
      this.#arenas.giveBack(place);
      throw error;
    }
    return this.#publish(facts, place);
  }

  /** Memory for an object that is produced in place. `start` must have been awaited. */
  draft(bytes: number): Draft {
    this.catchUp();
    return this.#drafts.make(bytes);
  }

  /** Shares what was written to a draft; visible to peers when it returns. */
  share(facts: TableFacts, draft: Draft): SharedTable {
    return this.#publish(facts, draft.take());
  }

  /** A range to be written piece by piece. `start` must have been awaited. Throws HOST_MEMORY. */
  reserve(bytes: number): Reserved {
    this.catchUp();
    return this.#arenas.reserve(bytes);
  }

  /** Shares what was written to it; visible to peers when it returns. */
  shareReserved(facts: TableFacts, reserved: Reserved): SharedTable {
    return this.#publish(facts, reserved.take());
  }

  #publish(facts: TableFacts, place: Place): SharedTable {
    this.#createdUs = Math.max(this.#createdUs + 1, microseconds());
    const { arena, offset, bytes } = place;
    const table: SharedTable = {
      ...facts,
      version: ++this.#version,
      bytes,
      created: new Date(this.#createdUs / 1000),
      owner: { pid: process.pid, language: "typescript" },
    };
    const shareable = arena.segment.handle.kind === "shared";
    const object: Description = {
      table,
      createdUs: this.#createdUs,
      offset,
      arena: shareable ? { id: arena.id, bytes: arena.segment.bytes } : undefined,
    };
    const owned = { object, place, leases: 0, idle: false };
    this.#current.set(table.name, owned);
    this.#versions.set(table.version, owned);
    const entry = this.#board?.entry(table.name);
    this.#tell({ type: "publish", object, arena: arena.id, entry });
    this.#board?.post(object, entry);
    this.#tell({ type: "posted" });
    return table;
  }

  /** Takes the name back; false when there was none. Leases on it go on. */
  remove(name: string): boolean {
    this.catchUp();
    if (!this.#current.has(name)) return false;
    this.#takeBack(name);
    this.#tell({ type: "remove", name });
    return true;
  }

  /** The current object of that name, with one more lease. */
  lease(name: string): Owned | undefined {
    this.catchUp();
    const owned = this.#current.get(name);
    if (owned) owned.leases++;
    return owned;
  }

  endLease(owned: Owned): void {
    owned.leases--;
    this.#freeIfUnused(owned);
  }

  /** What is shared now. */
  tables(): SharedTable[] {
    this.catchUp();
    return [...this.#current.values()].map((owned) => owned.object.table);
  }

  get arenas(): { count: number; bytes: number; taken: number } {
    return { count: this.#arenas.count, bytes: this.#arenas.bytes, taken: this.#arenas.taken };
  }

  hasDropped(arena: number): boolean {
    return !this.#arenas.has(arena);
  }

  /** Takes in what the serving thread has told. */
  catchUp(): void {
    if (!this.#port) return;
    for (let got: { message: FromServer } | undefined; (got = receiveMessageOnPort(this.#port)); ) {
      this.#told(got.message);
    }
  }

  /** Learns which leases have ended that nobody tells of, as far as the serving thread is there to say. */
  #reclaim(): void {
    if (!this.#port) return;
    const before = Atomics.load(this.#looked, 0);
    this.#tell({ type: "look" });
    Atomics.wait(this.#looked, 0, before, LOOK_MS);
    this.catchUp();
  }

  #told(message: FromServer): void {
    if (message.type === "idle") {
      const owned = this.#versions.get(message.version);
      if (!owned) return;
      owned.idle = true;
      this.#freeIfUnused(owned);
    } else if (message.type === "removed") {
      const owned = this.#current.get(message.name);
      if (owned?.object.table.version !== message.version) return;
      this.#takeBack(message.name);
    } else if (message.type === "copied") {
      this.sent.tables++;
      this.sent.bytes += message.bytes;
    }
  }

  #takeBack(name: string): void {
    this.#current.delete(name);
    this.#board?.takeDown(name);
    this.#arenas.forgetSpare(name);
  }

  #freeIfUnused(owned: Owned): void {
    if (!owned.idle || owned.leases > 0) return;
    const { name, version } = owned.object.table;
    if (!this.#versions.delete(version)) return;
    this.#arenas.giveBack(owned.place, this.#current.get(name)?.object.table);
  }

  #tell(message: ToServer): void {
    this.#port?.postMessage(message);
  }
}

/** Milliseconds by which the fine clock may be off. */
const MOST_DRIFT = 5;

/** Since the epoch. The fine clock stands still while the machine sleeps, and the coarse one may be set. */
function microseconds(): number {
  const fine = performance.timeOrigin + performance.now();
  const coarse = Date.now();
  return Math.floor((Math.abs(fine - coarse) < MOST_DRIFT ? fine : coarse) * 1000);
}
