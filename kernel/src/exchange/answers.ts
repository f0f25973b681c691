// What peers have answered to `get`, for as long as their boards say that it is still true. A version that is
// leased here and still current needs no message at all.
import type { Peer } from "./peer.ts";
import type { Description } from "./shared.ts";

/** Names that are remembered of one peer. */
const NAMES_KEPT = 1024;

interface Answer {
  count: number;
  description: Description | undefined;
}

export class Answers {
  readonly #byPeer = new WeakMap<Peer, Map<string, Answer>>();

  /** `count`: the name's on the peer's board, read before the peer was asked. */
  remember(
    peer: Peer,
    name: string,
    count: number | undefined,
    description: Description | undefined,
  ): void {
    if (count === undefined) return;
    let answers = this.#byPeer.get(peer);
    if (!answers || answers.size >= NAMES_KEPT) this.#byPeer.set(peer, (answers = new Map()));
    answers.set(name, { count, description });
  }

  /** The peer's last answer, if it is still true; its description is undefined where there was nothing. */
  find(peer: Peer, name: string): { description: Description | undefined } | undefined {
    const answer = this.#byPeer.get(peer)?.get(name);
    return answer && peer.count(name) === answer.count ? answer : undefined;
  }
}
