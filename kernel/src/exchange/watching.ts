// Tells of names as they change: new versions, names taken back, owners that have ended. It has connections
// of its own, this process's own socket among them, so that what is shared here is told of in the same way.
import type { Message } from "./frames.ts";
import type { Peer } from "./peer.ts";
import { Peers } from "./peers.ts";
import { type Description, readDescription, type SharedTable } from "./shared.ts";

/** Milliseconds between looks for processes that are new. What known ones change is told at once. */
const LOOK_MS = 200;
/** Milliseconds that a peer has to answer `watch`; one that does not is asked again at the next look. */
const PATIENCE_MS = 1000;

/** A name's newest version has changed; `table` is undefined when nobody shares the name any more. */
export interface Change {
  name: string;
  table: SharedTable | undefined;
}

interface Listener {
  name: string | undefined;
  tell: (change: Change) => void;
}

/** What is known of a name: its current object at each peer, and which of them was told last. */
interface Known {
  byPeer: Map<Peer, Description>;
  told: Description | undefined;
}

export class Watching {
  readonly #peers = new Peers(
    (peer) => this.#lookAfter(peer),
    (peer, event) => this.#heard(peer, event),
  );
  readonly #listeners = new Set<Listener>();
  /** What each peer was asked to watch. */
  readonly #asked = new Map<Peer, Set<string | undefined>>();
  readonly #known = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Calls `tell` for the current version of the name (or of all names), if there is one, and then whenever it
   * changes; of versions that follow each other closely at least for the last. Returns what ends it. The
   * process does not end by itself meanwhile.
   */
  watch(name: string | undefined, tell: (change: Change) => void): () => void {
    const listener = { name, tell };
    this.#listeners.add(listener);
    for (const [known, { told }] of this.#known) {
      if (told && (name === undefined || name === known)) {
        queueMicrotask(() => this.#tell(listener, { name: known, table: told.table }));
      }
    }
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    this.#look();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const peer of this.#peers.all) peer.close();
    this.#asked.clear();
    this.#known.clear();
  }

  /** Connects to new peers, and asks all for what they were not asked for yet. */
  #look(): void {
    this.#peers.refresh(undefined);
    const wanted = new Set([...this.#listeners].map(({ name }) => name));
    for (const peer of this.#peers.all) {
      const asked = this.#asked.get(peer) ?? new Set();
      this.#asked.set(peer, asked);
      for (const name of wanted) {
        if (asked.has(name) || asked.has(undefined)) continue;
        asked.add(name);
        const request = { op: "watch", ...(name === undefined ? {} : { name }) };
        peer.ask(request, PATIENCE_MS).then(
          (reply) => this.#current(peer, reply),
          () => asked.delete(name),
        );
      }
    }
  }

  #current(peer: Peer, reply: Message): void {
    const objects = Array.isArray(reply["objects"]) ? reply["objects"] : [];
    for (const object of objects) this.#learn(peer, undefined, object);
  }

  #heard(peer: Peer, event: Message): void {
    if (typeof event["changed"] === "string") this.#learn(peer, event["changed"], event["object"]);
  }

  /** `name` is checked against the object, where there is one; what can't be described is not told of. */
  #learn(peer: Peer, name: string | undefined, object: unknown): void {
    if (object === null && name !== undefined) {
      const known = this.#known.get(name);
      if (known?.byPeer.delete(peer)) this.#tellNewest(name, known);
      return;
    }
    let found: Description;
    try {
      found = readDescription(object, peer.owner);
    } catch {
      return;
    }
    const key = found.table.name;
    if (name !== undefined && key !== name) return;
    const known: Known = this.#known.get(key) ?? { byPeer: new Map(), told: undefined };
    this.#known.set(key, known);
    if (found.createdUs < (known.byPeer.get(peer)?.createdUs ?? 0)) return; // an event overtook the reply
    known.byPeer.set(peer, found);
    this.#tellNewest(key, known);
  }

  /** A peer may have ended: its names go with it. */
  #lookAfter(peer: Peer): void {
    if (!peer.closed) return;
    this.#asked.delete(peer);
    for (const [name, known] of this.#known) {
      if (known.byPeer.delete(peer)) this.#tellNewest(name, known);
    }
  }

  #tellNewest(name: string, known: Known): void {
    let newest: Description | undefined;
    for (const one of known.byPeer.values()) {
      if (!newest || one.createdUs > newest.createdUs) newest = one;
    }
    if (!newest) this.#known.delete(name);
    const { told } = known;
    const same = newest?.createdUs === told?.createdUs && newest?.table.owner === told?.table.owner;
    known.told = newest;
    if (same) return;
    for (const listener of [...this.#listeners]) {
      if (listener.name === undefined || listener.name === name) {
        this.#tell(listener, { name, table: newest?.table });
      }
    }
  }

  /** A listener that throws must not keep the others from hearing: its error is nobody's but its own. */
  #tell(listener: Listener, change: Change): void {
    if (!this.#listeners.has(listener)) return;
    try {
      listener.tell(change);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
