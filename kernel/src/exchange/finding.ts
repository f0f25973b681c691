// Finds the newest version of a name, among the peers and this process's own objects, and leases it.
import { Answers } from "./answers.ts";
import { type Message, protocolError } from "./frames.ts";
import type { Leases } from "./leases.ts";
import type { Owned, Owner } from "./owner.ts";
import type { Peer } from "./peer.ts";
import { PATIENCE_MS, type Peers } from "./peers.ts";
import { type Description, ownerText, readDescription, type SharedTable } from "./shared.ts";

/** Calls of `get` without a message after which the event loop gets a turn: what has ended is told in turns. */
const MOST_WITHOUT_TURN = 64;

/**
 * A version of a name, leased: by a peer, or of our own. Of a peer's that is in use here there is a lease
 * already, and this one has none.
 */
export type Found = { description: Description } & (
  | { peer: Peer; lease: number | undefined }
  | { owned: Owned }
);

export class Finder {
  readonly #owner: Owner;
  readonly #peers: Peers;
  readonly #leases: Leases | undefined;
  readonly #answers = new Answers();
  #withoutTurn = 0;

  /** `leases`: on what is in use here; undefined where nothing can be mapped. */
  constructor(owner: Owner, peers: Peers, leases: Leases | undefined) {
    this.#owner = owner;
    this.#peers = peers;
    this.#leases = leases;
  }

  /** The newest version of a name, leased, and who has not answered. */
  async find(name: string): Promise<{ found: Found | undefined; silent: string[] }> {
    const peers = this.#peers.all;
    for (const peer of peers) peer.hear(0); // that it has ended, for example
    const found: Found[] = [];
    const { leased, silent, wrong } = await this.#ask(name, peers);
    const owned = this.#owner.lease(name);
    if (owned) found.push({ description: owned.object, owned });
    found.push(...leased);
    if (found.length === 0 && wrong !== undefined) throw wrong;
    found.sort((a, b) => b.description.createdUs - a.description.createdUs);
    for (const older of found.slice(1)) this.endLease(older);
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
    for (const found of leased) this.endLease(found);
    return this.#ask(name, peers);
  }

  /** What a peer shares under the name, if that is still known and no lease on it is wanting. */
  #known(peer: Peer, name: string): { description: Description | undefined } | undefined {
    const known = this.#answers.find(peer, name);
    const leased =
      known?.description === undefined ||
      this.#leases?.peek(leaseKey(peer.path, known.description.table)) !== undefined;
    return leased ? known : undefined;
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
