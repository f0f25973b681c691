// A peer that is connected to this process's socket, and the leases that it holds. In the serving thread.
import type { Socket } from "node:net";
import { native } from "../base/index.ts";
import type { Served } from "./catalogue.ts";
import { processStart } from "./folder.ts";
import { FrameDecoder, protocolError, REQUEST_LIMIT } from "./frames.ts";
import { Outbox, socketDescriptor } from "./sending.ts";
import type { OwnSheet } from "./sheet.ts";

/** Pieces of 64 KiB that a peer may have sent ahead. */
const MOST_READS = 1024;

export class Connection {
  readonly socket: Socket;
  readonly outbox: Outbox;
  /** 0 when it is not known. */
  readonly pid: number;
  readonly decoder = new FrameDecoder(REQUEST_LIMIT);
  readonly leases = new Map<number, Served>();
  /** Where the peer writes further leases down, if it has asked for that. */
  sheet: OwnSheet | undefined;
  /** Set after an error that leaves the stream in doubt: nothing more is read. */
  closing = false;
  /** Names whose changes the peer is told of, or all of them. */
  watched: Set<string> | "all" = new Set();
  readonly #start: number | undefined;
  #lastLease = 0;

  constructor(socket: Socket, pid: number) {
    this.socket = socket;
    this.outbox = new Outbox(socket);
    this.pid = pid;
    this.#start = pid === 0 ? undefined : processStart(pid);
  }

  /** One more lease, under the number that the peer has chosen, or the next one. Throws PROTOCOL. */
  lease(served: Served, chosen?: number): number {
    const lease = chosen ?? ++this.#lastLease;
    if ((chosen !== undefined && chosen >= 0) || this.leases.has(lease)) {
      throw protocolError(`lease: wanted a number below 0 that is not in use, found ${lease}`);
    }
    served.leases++;
    this.leases.set(lease, served);
    return lease;
  }

  /** Receives all that the peer has sent by now, without a turn of the event loop. */
  hear(received: (data: Buffer) => void): void {
    const descriptor = socketDescriptor(this.socket);
    if (descriptor === undefined) return;
    for (let reads = 0; ; reads++) {
      const data = native()?.receiveNow(descriptor, 0);
      if (!data?.length) return; // libuv meets the end of a connection, too
      if (reads === MOST_READS) return void this.socket.destroy(); // more than can be answered
      received(data);
    }
  }

  /** The versions that it has written down. */
  get written(): number[] {
    return this.sheet?.versions() ?? [];
  }

  /** Whether the holder is known to be dead; one of another pid namespace (pid 0) never is. */
  isDead(): boolean {
    // Without the addon nothing can be mapped: who has fetched has a copy of its own.
    if (!native()) return true;
    if (this.pid === 0) return false;
    const start = processStart(this.pid);
    if (start === undefined) return true;
    return start !== this.#start && start !== 0 && this.#start !== 0;
  }
}
