// What is said of a peer that doesn't answer.
import { CenoteError } from "../base/index.ts";
import { ownerText, type SharedTable } from "./shared.ts";

/** A peer, whose pid is 0 until it has greeted. */
interface Asked {
  path: string;
  owner: SharedTable["owner"];
}

export function gone(peer: Asked, cause?: Error): CenoteError {
  const who = peer.owner.pid === 0 ? peer.path : ownerText(peer.owner);
  return new CenoteError("PEER_GONE", `${who} has ended`, { cause });
}

export function silent(peer: Asked): CenoteError {
  const who = peer.owner.pid === 0 ? peer.path : ownerText(peer.owner);
  return new CenoteError("PEER_SILENT", `${who} lives, but has not answered in time`, {
    mend: "It is stopped, or holds its interpreter. Try again, or let `get` wait: { wait: 30 }.",
  });
}
