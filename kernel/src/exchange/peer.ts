// A connection to another process that shares tables. Questions may overlap; each has its own patience.
import { connect, type Socket } from "node:net";
import { CenoteError, type Native, native } from "../base/index.ts";
import { BOARD_BYTES, type Entry, PeerBoard } from "./board.ts";
import { FrameDecoder, type Message, PROTOCOL, protocolError, REPLY_LIMIT } from "./frames.ts";
import { Outgoing } from "./outgoing.ts";
import { gone, silent } from "./peer-errors.ts";
import { socketDescriptor } from "./sending.ts";
import { ownerText } from "./shared.ts";
import { LAST_IN_SHEET, PeerSheet, SHEET_BYTES } from "./sheet.ts";

/** Milliseconds that a peer has to pass its board, or a sheet. */
const BOARD_PATIENCE_MS = 5000;

/** Bytes of a reply that keep the patience with it up. */
const LONG_REPLY = 64 * 1024;

interface Question {
  resolve: (reply: Message) => void;
  reject: (error: Error) => void;
  /** For `fetch`: where the bytes after the reply go. */
  target?: Uint8Array;
}

export class Peer {
  readonly path: string;
  owner = { pid: 0, language: "?" };
  closed = false;
  readonly #dropped = new Set<number>();
  /** Called when the connection has ended, or the peer has dropped an arena. */
  onChange: () => void = () => {};
  /** Called with what the peer says unasked. */
  onNews: (event: Message) => void = () => {};
  readonly #onEnd: (cause?: Error) => void;
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder(REPLY_LIMIT);
  readonly #questions = new Map<number, Question>();
  #fetching: { question: Question; reply: Message } | undefined;
  #board: PeerBoard | undefined;
  #sheet: PeerSheet | undefined;
  #mayAskForSheet = false;
  #greeted = false;
  #last = 0;
  #lastLease = LAST_IN_SHEET;
  readonly #outgoing: Outgoing;

  /**
   * Connects. Questions can be asked at once: the greeting is read before their replies. `onEnd` is called
   * once, with what ended the connection, if that is known.
   */
  constructor(path: string, onEnd: (cause?: Error) => void) {
    this.#onEnd = onEnd;
    this.path = path;
    this.#socket = connect(path);
    this.#outgoing = new Outgoing(this.#socket);
    this.#socket.on("connect", () => this.#checkUser());
    this.#socket.on("data", (data) => this.#received(data));
    this.#socket.on("error", (error) => this.#end(error));
    this.#socket.on("close", () => this.#end());
  }

  /** A question and its reply; patience begins anew while a long one comes. Rejects with PEER_GONE, PEER_SILENT or PROTOCOL. */
  async ask(message: Message, patienceMs: number): Promise<Message> {
    const id = ++this.#last;
    this.#send({ ...message, id });
    return this.#checked(await this.#await(id, patienceMs));
  }

  /** Copies an object's bytes over the socket. Patience is counted from the last bytes that came. */
  async fetch(lease: number, bytes: number, patienceMs: number): Promise<Uint8Array<ArrayBuffer>> {
    const target = new Uint8Array(bytes);
    const id = ++this.#last;
    this.#send({ op: "fetch", lease, id });
    this.#checked(await this.#await(id, patienceMs, target));
    return target;
  }

  /** Ends a lease; the owner is told soon, or with the next question, or looks by itself. Waits for nothing. */
  release(lease: number): void {
    if (this.closed) return;
    if (PeerSheet.has(lease)) this.#sheet?.release(lease);
    else this.#outgoing.later({ op: "release", lease });
  }

  /** How often the name has changed at the peer so far; undefined where that can't be told without asking. */
  count(name: string): number | undefined {
    return this.closed ? undefined : this.#board?.count(name);
  }

  /** What the peer's board says under the name: null where it shares nothing, undefined where it can't tell. */
  look(name: string): Entry | null | undefined {
    return this.closed ? undefined : this.#board?.find(name);
  }

  /**
   * Leases a version without waiting: it is leased if the peer's board still says so afterwards. Undefined where
   * the word could not be sent at once.
   */
  lease(version: number): number | undefined {
    if (this.closed) return undefined;
    const written = this.#sheet?.lease(version);
    if (written !== undefined) return written;
    if (!this.#outgoing.isClear) return undefined;
    const lease = --this.#lastLease;
    const sent = this.#outgoing.now({ op: "lease", version, lease });
    if (!sent) this.release(lease);
    if (this.#mayAskForSheet) this.#askForSheet(native()!);
    return sent ? lease : undefined;
  }

  /**
   * Takes in what has come or comes within that time, without a turn of the event loop. False when nothing
   * has come.
   */
  hear(microseconds: number): boolean {
    const descriptor = this.closed ? undefined : socketDescriptor(this.#socket);
    if (!this.#greeted || descriptor === undefined) return false;
    const data = native()?.receiveNow(descriptor, microseconds);
    if (data?.length === 0) this.#end();
    else if (data) this.#received(data);
    return data !== undefined;
  }

  /** Looks whether the connection stands at this moment, behind all that has come. */
  isConnected(): boolean {
    while (this.hear(0));
    return !this.closed;
  }

  /** Whether the peer has dropped the arena, or has ended. */
  hasDropped(arena: number): boolean {
    return this.closed || this.#dropped.has(arena);
  }

  close(): void {
    this.#end();
  }

  #send(message: Message): void {
    if (this.closed) throw gone(this);
    this.#outgoing.send(message);
  }

  #checked(reply: Message): Message {
    if (reply["error"] === undefined) return reply;
    throw protocolError(
      `${ownerText(this.owner)}: ${JSON.stringify(reply["error"]).slice(0, 200)}`,
    );
  }

  #await(id: number, patienceMs: number, target?: Uint8Array): Promise<Message> {
    if (this.closed) return Promise.reject(gone(this));
    this.#socket.ref(); // while something is awaited the process must not end
    return new Promise<Message>((resolve, reject) => {
      let timer: NodeJS.Timeout;
      let read = this.#socket.bytesRead;
      const late = () => {
        // After a busy spell timers run before sockets are read: give the reply that has come a turn.
        setImmediate(() => {
          if (!this.#questions.has(id) && this.#fetching?.question !== question) return;
          const least =
            target || this.#fetching ? 1 : this.#decoder.isPartial ? LONG_REPLY : Infinity;
          if (this.#socket.bytesRead - read >= least) {
            read = this.#socket.bytesRead;
            timer = setTimeout(late, patienceMs);
            return;
          }
          settle();
          if (target) this.#end(); // what follows could not be told apart
          reject(silent(this));
        });
      };
      timer = setTimeout(late, patienceMs);
      const settle = () => {
        clearTimeout(timer);
        this.#questions.delete(id);
        if (this.#questions.size === 0) this.#socket.unref();
      };
      const question: Question = {
        resolve: (reply) => {
          settle();
          resolve(reply);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        ...(target ? { target } : {}),
      };
      this.#questions.set(id, question);
    });
  }

  #received(data: Buffer): void {
    this.#decoder.feed(data);
    try {
      while (!this.closed && this.#finishFetch()) {
        const message = this.#decoder.next();
        if (!message) return;
        this.#handle(message);
      }
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #handle(message: Message): void {
    if (!this.#greeted) {
      this.#greet(message);
      return;
    }
    const id = message["id"];
    const question = typeof id === "number" ? this.#questions.get(id) : undefined;
    if (!question) {
      this.#stray(message);
    } else if (!question.target || message["error"] !== undefined) {
      question.resolve(message);
    } else {
      if (message["bytes"] !== question.target.length) {
        const found = String(message["bytes"]);
        throw protocolError(`wanted ${question.target.length} bytes, found ${found}`);
      }
      this.#fetching = { question, reply: message };
      this.#decoder.expectRaw(question.target);
    }
  }

  #greet(greeting: Message): void {
    if (greeting["cenote"] !== PROTOCOL) {
      throw protocolError(
        `${this.path} speaks version ${String(greeting["cenote"]).slice(0, 20)} of the protocol, this process version ${PROTOCOL}`,
        "Install the same version of Cenote for both.",
      );
    }
    const { pid, language } = greeting;
    this.owner = {
      pid: typeof pid === "number" ? pid : 0,
      language: String(language).slice(0, 32),
    };
    this.#greeted = true;
    const addon = native();
    if (!addon || greeting["board"] !== BOARD_BYTES) return;
    PeerBoard.fetch(addon, this.path, BOARD_PATIENCE_MS).then(
      (board) => (this.#board = board),
      () => {}, // then each question is asked
    );
    this.#mayAskForSheet = greeting["sheet"] === SHEET_BYTES;
  }

  /** From the first lease on: who only looks on needs none. Until it has come each lease is told. */
  #askForSheet(addon: Native): void {
    this.#mayAskForSheet = false;
    this.ask({ op: "sheet" }, BOARD_PATIENCE_MS)
      .then(({ sheet }) => PeerSheet.fetch(addon, this.path, sheet, BOARD_PATIENCE_MS))
      .then(
        (sheet) => {
          if (this.closed) sheet.close();
          else this.#sheet = sheet;
        },
        () => {},
      );
  }

  /** False while the bytes after a reply to `fetch` are still coming. */
  #finishFetch(): boolean {
    if (!this.#decoder.takeRaw()) return false;
    const done = this.#fetching;
    this.#fetching = undefined;
    done?.question.resolve(done.reply);
    return true;
  }

  /** An event, or the reply to a question that was given up. */
  #stray(message: Message): void {
    if (typeof message["lease"] === "number") this.release(message["lease"]);
    if (Array.isArray(message["dropped"])) {
      for (const arena of message["dropped"])
        if (typeof arena === "number") this.#dropped.add(arena);
      this.onChange();
    }
    if (message["id"] === undefined && message["error"] !== undefined) this.#checked(message);
    this.onNews(message);
  }

  #checkUser(): void {
    const descriptor = socketDescriptor(this.#socket);
    const addon = native();
    if (!addon || descriptor === undefined) return;
    const { uid } = addon.peerCredentials(descriptor);
    if (uid !== process.getuid?.()) this.#end(protocolError(`${this.path} belongs to user ${uid}`));
  }

  #end(cause?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#outgoing.close();
    this.#sheet?.close();
    this.#socket.destroy();
    const error = cause instanceof CenoteError ? cause : gone(this, cause);
    for (const question of [...this.#questions.values()]) question.reject(error);
    this.#onEnd(cause);
    this.onChange();
  }
}
