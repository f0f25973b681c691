// Everything that is shared on this machine by this user, and who reads it: for those who look on, not for
// handoffs. It takes no leases, and has connections of its own.
import type { Process, SharedObject } from "../base/index.ts";
import type { Message } from "./frames.ts";
import type { Peer } from "./peer.ts";
import { Peers } from "./peers.ts";
import { type Description, readDescription, whole } from "./shared.ts";

/** Milliseconds that a peer has to answer. */
const PATIENCE_MS = 1000;

/** One reader's claims on one version, as an owner tells of them. */
interface Claim {
  found: Description;
  current: boolean;
  pid: number;
  leases: number;
}

export class Survey {
  readonly #peers = new Peers(() => {});

  /** What is shared now, and the older versions that are still read; by name, the newest first. */
  async look(): Promise<SharedObject[]> {
    this.#peers.refresh(undefined);
    const [listed, leased] = await Promise.all([
      this.#peers.askAll({ op: "list" }, PATIENCE_MS),
      // Rejected by owners that are older than this question: then nothing is known of their readers.
      this.#peers.askAll({ op: "leases" }, PATIENCE_MS),
    ]);
    const claims = new Map(leased.replies.map(({ peer, reply }) => [peer, claimsIn(peer, reply)]));
    const languages = new Map(this.#peers.all.map(({ owner }) => [owner.pid, owner.language]));
    const objects = listed.replies.flatMap(({ peer, reply }) =>
      objectsOf(peer, descriptionsIn(peer, reply), claims.get(peer), languages),
    );
    return objects.sort((a, b) =>
      a.name === b.name ? b.created - a.created : a.name < b.name ? -1 : 1,
    );
  }

  close(): void {
    for (const peer of this.#peers.all) peer.close();
  }
}

function descriptionsIn(peer: Peer, reply: Message): Description[] {
  const objects = Array.isArray(reply["objects"]) ? reply["objects"] : [];
  return objects.flatMap((object) => described(peer, object));
}

/** None for what can't be described: it can't be got either. */
function described(peer: Peer, object: unknown): [] | [Description] {
  try {
    return [readDescription(object, peer.owner)];
  } catch {
    return [];
  }
}

function claimsIn(peer: Peer, reply: Message): Claim[] {
  const leases: unknown[] = Array.isArray(reply["leases"]) ? reply["leases"] : [];
  return leases.flatMap((lease) => claimed(peer, lease));
}

function claimed(peer: Peer, said: unknown): [] | [Claim] {
  try {
    const lease = said as Message;
    const found = readDescription(lease["object"], peer.owner);
    const current = lease["current"] === true;
    return [{ found, current, pid: whole(lease, "pid"), leases: whole(lease, "count") }];
  } catch {
    return []; // nonsense of one owner hides nothing of the others
  }
}

function objectsOf(
  peer: Peer,
  current: readonly Description[],
  claims: readonly Claim[] | undefined,
  languages: ReadonlyMap<number, string>,
): SharedObject[] {
  const older = new Map<number, Description>();
  for (const claim of claims ?? []) {
    if (!claim.current) older.set(claim.found.table.version, claim.found);
  }
  const process = (pid: number): Process => {
    const own = pid === globalThis.process.pid;
    return { pid, language: languages.get(pid) ?? "", own };
  };
  const object = (found: Description, isCurrent: boolean): SharedObject => {
    const { created, ...table } = found.table;
    const readers = claims
      ?.filter((claim) => claim.found.table.version === table.version)
      .map(({ pid, leases }) => ({ ...process(pid), leases }));
    return {
      ...table,
      current: isCurrent,
      created: created.getTime(),
      owner: process(peer.owner.pid),
      mapped: found.arena !== undefined,
      ...(readers ? { readers } : {}),
    };
  };
  return [
    ...current.map((one) => object(one, true)),
    ...[...older.values()].map((one) => object(one, false)),
  ];
}
