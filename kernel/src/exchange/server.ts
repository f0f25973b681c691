// Answers peers: who has what, descriptors of arenas, leases. Runs in the serving thread, which never
// runs user code. Protocol: docs/exchange.md.
import type { Socket } from "node:net";
import { CenoteError, native } from "../base/index.ts";
import { BOARD_BYTES, type OwnBoard } from "./board.ts";
import { Catalogue, type Served } from "./catalogue.ts";
import { Connection } from "./connection.ts";
import { encodeFrame, type Message, PROTOCOL } from "./frames.ts";
import { Retired } from "./retired.ts";
import { readSegment, type SegmentHandle } from "./segment.ts";
import { socketDescriptor } from "./sending.ts";
import { checkName, type Description, describe, integer, whole } from "./shared.ts";
import { OwnSheets, SHEET_BYTES } from "./sheet.ts";
import type { FromServer, ToServer } from "./thread-messages.ts";

/** Milliseconds between looks whether leases in sheets have ended, while they keep what is not current. */
const LOOK_MS = 50;
/** Bytes that may wait for a peer that does not read its replies. */
const MOST_WAITING = 128 * 1024 * 1024;

export class Server {
  readonly #catalogue = new Catalogue(
    (version) => this.#tell({ type: "idle", version }),
    () => new Set([...this.#connections, ...this.#retired].flatMap(({ written }) => written)),
  );
  readonly #arenas = new Map<number, { bytes: number; handle: SegmentHandle }>();
  readonly #connections = new Set<Connection>();
  readonly #retired = new Retired((connection) => {
    this.#sheets.forget(connection.sheet);
    for (const served of connection.leases.values()) this.#catalogue.endLease(served);
  });
  readonly #tell: (message: FromServer) => void;
  readonly #catchUp: () => void;
  readonly #haveLooked: () => void;
  readonly #board: OwnBoard | undefined;
  readonly #sheets = new OwnSheets();
  /** Published, but perhaps not on the board yet. */
  readonly #unposted: Description[] = [];
  #looking: NodeJS.Timeout | undefined;

  /**
   * `tell` reaches the owner; `catchUp` takes in what the owner has told and is not yet known here; `haveLooked` tells
   * that what came before was told.
   */
  constructor(
    tell: (message: FromServer) => void,
    catchUp: () => void,
    haveLooked: () => void,
    board?: OwnBoard,
  ) {
    this.#haveLooked = haveLooked;
    this.#tell = tell;
    this.#catchUp = catchUp;
    this.#board = board;
  }

  /** Takes in what the owner says. */
  told(message: ToServer): void {
    if (message.type === "arena") this.#arenas.set(message.id, message);
    else if (message.type === "dropped") this.#drop(message.id);
    else if (message.type === "posted") {
      this.#catalogue.posted();
      // Not sooner: who is told looks at the board.
      for (const object of this.#unposted.splice(0)) this.#tellWatchers(object.table.name, object);
    } else if (message.type === "look") {
      this.#catalogue.lookAfterHeld();
      this.#haveLooked();
    } else if (message.type === "remove") {
      this.#catalogue.remove(message.name);
      this.#tellWatchers(message.name, undefined);
    } else {
      const { object, arena, entry } = message;
      this.#catalogue.publish(object, arena, entry);
      this.#unposted.push(object);
    }
  }

  /** Takes in what peers have sent by now, where leases on what is not current any more may be among it. */
  settle(): void {
    this.#catalogue.settle(() => {
      for (const connection of this.#connections) {
        connection.hear((data) => this.#received(connection, data));
      }
    });
    this.#lookLater();
  }

  #lookLater(): void {
    if (!this.#catalogue.isHolding) return;
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.#catalogue.lookAfterHeld();
      this.#lookLater();
    }, LOOK_MS);
  }

  /** A peer has connected. */
  accept(socket: Socket): void {
    const descriptor = socketDescriptor(socket);
    const addon = native();
    let pid = 0;
    if (addon && descriptor !== undefined) {
      const found = addon.peerCredentials(descriptor);
      if (found.uid !== process.getuid?.()) return void socket.destroy();
      pid = found.pid;
    }
    const connection = new Connection(socket, pid);
    this.#connections.add(connection);
    socket.on("data", (data) => this.#received(connection, data));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#ended(connection));
    const board = this.#board && { board: BOARD_BYTES, sheet: SHEET_BYTES };
    this.#reply(connection, {
      cenote: PROTOCOL,
      pid: process.pid,
      language: "typescript",
      ...board,
    });
  }

  #received(connection: Connection, data: Buffer): void {
    if (connection.closing) return;
    connection.decoder.feed(data);
    this.#catchUp();
    try {
      while (!connection.closing) {
        const message = connection.decoder.next();
        if (!message) break;
        this.#handle(connection, message);
      }
    } catch (error) {
      const known = error instanceof CenoteError;
      this.#fail(
        connection,
        undefined,
        known ? error.code : "FAILED",
        String((error as Error).message),
      );
    }
    this.settle();
  }

  #handle(connection: Connection, message: Message): void {
    if (message["op"] === "release") {
      const lease = integer(message, "lease");
      const served = connection.leases.get(lease);
      connection.leases.delete(lease);
      if (served) this.#catalogue.endLease(served);
      return;
    }
    if (message["op"] === "lease") {
      this.#lease(connection, whole(message, "version"), integer(message, "lease"));
      return;
    }
    const id = whole(message, "id");
    if (message["op"] === "get") this.#give(connection, id, checkName(message["name"]));
    else if (message["op"] === "list") {
      const objects = this.#catalogue.current.map((served) => describe(served.object));
      this.#reply(connection, { id, objects });
    } else if (message["op"] === "leases") {
      this.#reply(connection, { id, leases: this.#leases() });
    } else if (message["op"] === "arena") this.#giveArena(connection, id, whole(message, "arena"));
    else if (message["op"] === "board" && this.#board) {
      this.#giveDescriptor(connection, id, BOARD_BYTES, this.#board.handle.fd);
    } else if (message["op"] === "sheet" && this.#board) {
      this.#giveSheet(connection, id, message["sheet"]);
    } else if (message["op"] === "fetch") this.#giveBytes(connection, id, whole(message, "lease"));
    else if (message["op"] === "remove") {
      this.#reply(connection, { id, removed: this.#remove(checkName(message["name"])) });
    } else if (message["op"] === "watch") {
      this.#watch(connection, id, message["name"]);
    } else {
      const found = String(JSON.stringify(message["op"])).slice(0, 40);
      this.#reply(connection, { id, error: { code: "UNKNOWN_OP", message: `op: found ${found}` } });
    }
  }

  /** The peer has found that version on the board. It learns there whether it was in time. */
  #lease(connection: Connection, version: number, lease: number): void {
    const served = this.#catalogue.version(version);
    if (served) connection.lease(served, lease);
  }

  #give(connection: Connection, id: number, name: string): void {
    const served = this.#catalogue.find(name);
    const found = served
      ? { object: describe(served.object), lease: connection.lease(served) }
      : { object: null };
    this.#reply(connection, { id, ...found });
  }

  /** Who has leases on what: an entry for each version that a connection's process reads. */
  #leases(): Message[] {
    const entries: Message[] = [];
    for (const { leases, written, pid } of [...this.#connections, ...this.#retired]) {
      const counts = new Map<Served, number>();
      const wrote = written.flatMap((version) => this.#catalogue.version(version) ?? []);
      for (const served of [...leases.values(), ...wrote]) {
        counts.set(served, (counts.get(served) ?? 0) + 1);
      }
      for (const [{ object, current }, count] of counts) {
        entries.push({ object: describe(object), current, pid, count });
      }
    }
    return entries;
  }

  #giveDescriptor(connection: Connection, id: number, bytes: number, fd: number): void {
    connection.outbox.withDescriptor(encodeFrame({ id, bytes }), fd);
  }

  /** The connection's own sheet, or that of another connection of the same peer. */
  #giveSheet(connection: Connection, id: number, number: unknown): void {
    if (number === undefined) connection.sheet ??= this.#sheets.make(native()!);
    const sheet = number === undefined ? connection.sheet : this.#sheets.find(number);
    if (sheet) {
      const frame = encodeFrame({ id, sheet: sheet.number, bytes: SHEET_BYTES });
      connection.outbox.withDescriptor(frame, sheet.fd);
    } else this.#fail(connection, id, "UNKNOWN_SHEET", `no sheet ${JSON.stringify(number)}`);
  }

  #giveArena(connection: Connection, id: number, arenaId: number): void {
    const arena = this.#arenas.get(arenaId);
    if (arena?.handle.kind === "shared") {
      this.#giveDescriptor(connection, id, arena.bytes, arena.handle.fd);
    } else {
      this.#fail(connection, id, "UNKNOWN_ARENA", `no arena ${arenaId} that can be mapped`);
    }
  }

  #giveBytes(connection: Connection, id: number, lease: number): void {
    const served = connection.leases.get(lease);
    if (!served) {
      const error = { code: "UNKNOWN_LEASE", message: `no lease ${lease}` };
      this.#reply(connection, { id, error });
      return;
    }
    const { bytes } = served.object.table;
    const source = this.#arenas.get(served.arena)!.handle;
    this.#reply(connection, { id, bytes });
    connection.outbox.bytes(readSegment(source, served.object.offset, bytes));
    this.#tell({ type: "copied", bytes });
  }

  #remove(name: string): boolean {
    const served = this.#catalogue.remove(name);
    if (!served) return false;
    this.#board?.strike(name, served.entry, served.object.table.version);
    this.#tell({ type: "removed", name, version: served.object.table.version });
    this.#tellWatchers(name, undefined);
    return true;
  }

  /** From now on the peer is told when this name changes, or any; what there is now is told at once. */
  #watch(connection: Connection, id: number, name: unknown): void {
    const served: (Served | undefined)[] = [];
    if (name === undefined) {
      connection.watched = "all";
      served.push(...this.#catalogue.current);
    } else {
      const checked = checkName(name);
      if (connection.watched !== "all") connection.watched.add(checked);
      served.push(this.#catalogue.find(checked));
    }
    const objects = served.flatMap((one) => (one ? [describe(one.object)] : []));
    this.#reply(connection, { id, objects });
  }

  #tellWatchers(name: string, object: Description | undefined): void {
    const event: Message = { changed: name, object: object ? describe(object) : null };
    for (const connection of this.#connections) {
      const { watched } = connection;
      if (watched === "all" || watched.has(name)) this.#reply(connection, event);
    }
  }

  #drop(id: number): void {
    const arena = this.#arenas.get(id);
    this.#arenas.delete(id);
    if (arena?.handle.kind === "shared") native()!.closeDescriptor(arena.handle.fd);
    for (const connection of this.#connections) this.#reply(connection, { dropped: [id] });
  }

  #reply(connection: Connection, message: Message): void {
    const { socket, outbox } = connection;
    if (socket.destroyed) return;
    if (outbox.waiting > MOST_WAITING) socket.destroy();
    else outbox.frame(encodeFrame(message));
  }

  /** Says what was wrong and ends the connection. */
  #fail(connection: Connection, id: number | undefined, code: string, message: string): void {
    this.#reply(connection, { ...(id === undefined ? {} : { id }), error: { code, message } });
    connection.closing = true;
    connection.outbox.end();
  }

  /** Leases end with the connection only if their holder is known to be dead. */
  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection.leases.size === 0 && connection.written.length === 0) {
      this.#sheets.forget(connection.sheet);
      return;
    }
    this.#retired.add(connection);
  }
}
