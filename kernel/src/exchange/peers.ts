// The other processes that share tables: finds their sockets, and asks all of them at once.
import { unlinkSync } from "node:fs";
import { socketPaths } from "./folder.ts";
import type { Message } from "./frames.ts";
import { Peer } from "./peer.ts";

/** Milliseconds that the others get to answer once one peer's answer would do. */
const GRACE_MS = 100;

export interface Answers {
  replies: { peer: Peer; reply: Message }[];
  /** Who lives but has not answered. */
  silent: string[];
}

export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #opening = new Map<string, Promise<void>>();
  readonly #onChange: () => void;

  /** `onChange` is called when a peer has ended, or has dropped an arena. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /**
   * Connects to new sockets, forgets ended connections, and removes sockets that killed processes left.
   * `own`: this process's socket. Returns the paths of those that live but do not answer.
   */
  async refresh(patienceMs: number, own: string | undefined): Promise<string[]> {
    for (const [path, peer] of this.#peers) if (peer.closed) this.#peers.delete(path);
    const silent: string[] = [];
    const opening: Promise<void>[] = [];
    for (const path of socketPaths()) {
      if (path === own || this.#peers.has(path)) continue;
      let attempt = this.#opening.get(path);
      if (!attempt) {
        attempt = this.#open(path, patienceMs).finally(() => this.#opening.delete(path));
        this.#opening.set(path, attempt);
      }
      opening.push(attempt.catch(() => void silent.push(path)));
    }
    if (opening.length > 0) await Promise.all(opening);
    return silent;
  }

  get all(): Peer[] {
    return [...this.#peers.values()].filter((peer) => !peer.closed);
  }

  /** Rejects when the peer is silent. One that has ended, or speaks otherwise, is no peer. */
  async #open(path: string, patienceMs: number): Promise<void> {
    try {
      const peer = await Peer.open(path, patienceMs);
      peer.onChange = this.#onChange;
      this.#peers.set(path, peer);
    } catch (error) {
      const { code, cause } = error as { code?: string; cause?: { code?: string } };
      if (code === "PEER_SILENT" || cause?.code === "EAGAIN") throw error;
      if (cause?.code === "ECONNREFUSED") unlinkStale(path); // nobody listens: its process was killed
    }
  }

  /**
   * Asks all. Who has not answered after `patienceMs`, or soon after someone gave what is `enough`, is
   * silent; should it grant a lease later, that is returned.
   */
  askAll(
    message: Message,
    patienceMs: number,
    enough: (reply: Message) => boolean = () => false,
  ): Promise<Answers> {
    const waiting = new Set(this.all);
    const replies: Answers["replies"] = [];
    const silent: string[] = [];
    return new Promise((resolve) => {
      let grace: NodeJS.Timeout | undefined;
      let settled = false;
      const settle = () => {
        settled = true;
        clearTimeout(grace);
        for (const peer of waiting) silent.push(peer.path);
        resolve({ replies, silent });
      };
      const answered = (peer: Peer, reply: Message | undefined) => {
        waiting.delete(peer);
        if (settled) {
          if (typeof reply?.["lease"] === "number") peer.release(reply["lease"]);
          return;
        }
        if (reply) replies.push({ peer, reply });
        if (waiting.size === 0) settle();
        else if (reply && enough(reply)) grace ??= setTimeout(settle, GRACE_MS);
      };
      if (waiting.size === 0) settle();
      for (const peer of [...waiting]) {
        peer.ask(message, patienceMs).then(
          (reply) => answered(peer, reply),
          (error: { code?: string }) => {
            if (error.code === "PEER_SILENT" && !settled) silent.push(peer.path);
            answered(peer, undefined);
          },
        );
      }
    });
  }
}

function unlinkStale(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // another process was quicker
  }
}
