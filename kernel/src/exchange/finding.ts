// Finds the newest version of a name, among the peers and this process's own objects, and leases it. What a peer
// shares is read from its board, and leased by a word that nobody waits for. Only peers without a board, or whose
// board can't tell, are asked.
import { Answers } from "./answers.ts";
import type { Entry } from "./board.ts";
import { type Message, protocolError } from "./frames.ts";
import type { Leases } from "./leases.ts";
import type { Owned, Owner } from "./owner.ts";
import type { Peer } from "./peer.ts";
import { PATIENCE_MS, type Peers } from "./peers.ts";
import {
  checkDescription,
  type Description,
  ownerText,
  readDescription,
  type SharedTable,
} from "./shared.ts";

/** Calls of `get` without a message after which the event loop gets a turn: what has ended is told in turns. */
const MOST_WITHOUT_TURN = 64;

/** Times that boards are read anew because a version was replaced meanwhile; then all are asked. */
const TRIES = 3;

/**
 * A version of a name, of our own or of a peer. Of a peer's that is in use here there is a lease already, and this
 * one has none.
 */
export type Found = { description: Description } & (
  | { peer: Peer; lease?: number; entry?: Entry }
  | { owned: Owned }
);

/** What is known of a peer. */
interface Seen {
  found?: Found;
}
const NOTHING: Seen = {};

export class Finder {
  readonly #owner: Owner;
  readonly #peers: Peers;
  readonly #leases: Leases;
  readonly #answers = new Answers();
  #withoutTurn = 0;

  /** `leases`: on what is in use here. */
  constructor(owner: Owner, peers: Peers, leases: Leases) {
    this.#owner = owner;
    this.#peers = peers;
    this.#leases = leases;
  }

  /** The newest version of a name, leased, and who has not answered. */
  async find(name: string): Promise<{ found: Found | undefined; silent: string[] }> {
    for (let attempt = 0; ; attempt++) {
      const peers = this.#peers.all;
      for (const peer of peers) peer.hear(0); // that it has ended, for example
      let seen = peers.map((peer) => this.#see(peer, name));
      // When boards change all the time everyone is asked.
      const toAsk = peers.filter((_, i) => attempt === TRIES || !seen[i]);
      const { found, silent, wrong } = await this.#ask(name, toAsk);
      const others = peers.filter((peer) => !toAsk.includes(peer));
      // What the others share may have changed meanwhile.
      if (toAsk.length > 0) seen = others.map((peer) => this.#see(peer, name));
      found.push(...seen.flatMap((one) => one?.found ?? []));
      if (seen.includes(undefined)) {
        for (const one of found) this.endLease(one);
        continue;
      }
      const owned = this.#owner.lease(name);
      if (owned) found.push({ description: owned.object, owned });
      if (found.length === 0 && wrong !== undefined) throw wrong;
      found.sort((a, b) => b.description.createdUs - a.description.createdUs);
      for (const older of found.slice(1)) this.endLease(older);
      const newest = found[0];
      if (!newest || this.#lease(newest)) return { found: newest, silent };
    }
  }

  /** What peers answer, and who has not. */
  async #ask(
    name: string,
    whom: Peer[],
  ): Promise<{ found: Found[]; silent: string[]; wrong: unknown }> {
    const found: Found[] = [];
    let wrong: unknown;
    if (whom.length === 0) {
      await this.#turn();
      return { found, silent: [], wrong };
    }
    const counts = new Map(whom.map((peer) => [peer, peer.count(name)]));
    const enough = (reply: Message) => reply["object"] !== null;
    const answers = await this.#peers.askAll({ op: "get", name }, PATIENCE_MS, enough, whom);
    for (const { peer, reply } of answers.replies) {
      try {
        const one = readReply(name, peer, reply);
        this.#answers.remember(peer, name, counts.get(peer), one?.description);
        if (one) found.push(one);
      } catch (error) {
        wrong = error; // what others share under the name is as good as before
      }
    }
    return { found, silent: answers.silent, wrong };
  }

  async #turn(): Promise<void> {
    if (++this.#withoutTurn < MOST_WITHOUT_TURN) return;
    this.#withoutTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the peer shares under the name, if that is known without asking it. */
  #see(peer: Peer, name: string): Seen | undefined {
    if (peer.closed) return NOTHING;
    const known = this.#answers.find(peer, name);
    if (known) {
      const { description } = known;
      if (!description) return NOTHING;
      if (this.#isLeased(peer, description)) return { found: { description, peer } };
    }
    const count = peer.count(name);
    const entry = peer.look(name);
    if (entry === undefined) return undefined;
    if (entry === null) {
      this.#answers.remember(peer, name, count, undefined);
      return NOTHING;
    }
    try {
      const description = checkDescription({ ...entry.facts, owner: peer.owner });
      this.#answers.remember(peer, name, count, description);
      return { found: { description, peer, entry } };
    } catch {
      return undefined; // let it say so itself
    }
  }

  #isLeased(peer: Peer, { table }: Description): boolean {
    return this.#leases.peek(leaseKey(peer.path, table)) !== undefined;
  }

  /** Leases what was found on a board; false when it is not there any more. */
  #lease(found: Found): boolean {
    if ("owned" in found || !found.entry || this.#isLeased(found.peer, found.description))
      return true;
    const lease = found.peer.lease(found.description.table.version);
    if (lease === undefined) return false;
    // An owner that has hung up looks at no sheet.
    if (found.entry.stands() && found.peer.isConnected()) {
      found.lease = lease;
      return true;
    }
    found.peer.release(lease);
    return false;
  }

  /** Ends the lease that `find` took. */
  endLease(found: Found): void {
    if ("owned" in found) this.#owner.endLease(found.owned);
    else if (found.lease !== undefined) found.peer.release(found.lease);
  }
}

/** One version of one owner. */
export const leaseKey = (owner: string, table: SharedTable) => `${owner} ${table.version}`;

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
