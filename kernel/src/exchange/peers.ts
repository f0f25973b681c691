// The other processes that share tables: finds their sockets, and asks all of them at once.
import { unlinkSync } from "node:fs";
import { socketPaths } from "./folder.ts";
import type { Message } from "./frames.ts";
import { Peer } from "./peer.ts";

/** Milliseconds that a living peer has to answer one question. */
export const PATIENCE_MS = 1000;
/**
 * Microseconds for which replies are awaited without a turn of the event loop: most come within a tenth of
 * that, and a turn takes as long.
 */
const HURRY_US = 500;
/** Milliseconds that the others get to answer once one peer's answer would do. */
const GRACE_MS = 100;

export interface Answers {
  replies: { peer: Peer; reply: Message }[];
  /** Who lives but has not answered. */
  silent: string[];
}

export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #onChange: (peer: Peer) => void;
  readonly #onNews: (peer: Peer, event: Message) => void;

  /** `onChange` is called when a peer has ended, or has dropped an arena; `onNews` for what it says unasked. */
  constructor(
    onChange: (peer: Peer) => void,
    onNews: (peer: Peer, event: Message) => void = () => {},
  ) {
    this.#onChange = onChange;
    this.#onNews = onNews;
  }

  /**
   * Connects to new sockets, forgets ended connections, and removes sockets that killed processes left.
   * `own`: this process's socket. Waits for nobody.
   */
  refresh(own: string | undefined): void {
    for (const [path, peer] of this.#peers) if (peer.closed) this.#peers.delete(path);
    for (const path of socketPaths()) {
      if (path === own || this.#peers.has(path)) continue;
      const peer = new Peer(path, (cause) => {
        if (codeOf(cause) === "ECONNREFUSED") unlinkStale(path); // nobody listens: it was killed
      });
      peer.onChange = () => this.#onChange(peer);
      peer.onNews = (event) => this.#onNews(peer, event);
      this.#peers.set(path, peer);
    }
  }

  get all(): Peer[] {
    return [...this.#peers.values()].filter((peer) => !peer.closed);
  }

  /**
   * Asks all, or `whom`. Who has not answered after `patienceMs`, or soon after someone gave what is `enough`, is
   * silent; should it grant a lease later, that is returned.
   */
  askAll(
    message: Message,
    patienceMs: number,
    enough: (reply: Message) => boolean = () => false,
    whom: readonly Peer[] = this.all,
  ): Promise<Answers> {
    const waiting = new Set(whom);
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
          (error: { code?: string; cause?: unknown }) => {
            // EAGAIN: it lives, but accepts no connection.
            const isSilent = error.code === "PEER_SILENT" || codeOf(error.cause) === "EAGAIN";
            if (isSilent && !settled) silent.push(peer.path);
            answered(peer, undefined);
          },
        );
      }
      hurry(waiting);
    });
  }
}

/** Takes in the replies that come at once. */
function hurry(waiting: Iterable<Peer>): void {
  const deadline = performance.now() + HURRY_US / 1000;
  for (const peer of [...waiting]) {
    peer.hear(Math.max(0, Math.floor((deadline - performance.now()) * 1000)));
  }
}

const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code;

function unlinkStale(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // another process was quicker
  }
}
