// Asks the keepers to hold a name: processes that share it on when its owner has ended. The keeper itself is
// python/cenote/_keeper.py.
import { CenoteError } from "../base/index.ts";
import { Peers } from "./peers.ts";

/** Milliseconds that a keeper has for an answer, and to take hold of what it is to keep. */
const PATIENCE_MS = 1000;
const HOLD_PATIENCE_MS = 10_000;
/** Milliseconds between questions whether it has. */
const PAUSE_MS = 10;

/**
 * Resolves when a keeper holds the version of that time (microseconds since the epoch) or a newer one; or has let
 * go of the name. Rejects with NO_KEEPER or PEER_SILENT.
 */
export async function askKeepers(name: string, keep: boolean, createdUs: number): Promise<void> {
  const peers = new Peers(() => {});
  const deadline = performance.now() + HOLD_PATIENCE_MS;
  try {
    peers.refresh(undefined);
    for (;;) {
      const { replies, silent } = await peers.askAll({ op: "keep", name, keep }, PATIENCE_MS);
      const kept = replies.filter(({ reply }) => "kept" in reply).map(({ reply }) => reply["kept"]);
      const late = performance.now() > deadline;
      // Who did not answer in time may be the keeper.
      if (kept.length === 0 && (late || silent.length === 0)) throw noKeeper(name);
      if (!keep && kept.length > 0) return;
      if (kept.some((one) => typeof one === "number" && one >= createdUs)) return;
      if (late) throw notHeld(name);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    for (const peer of peers.all) peer.close();
  }
}

function noKeeper(name: string): CenoteError {
  return new CenoteError(
    "NO_KEEPER",
    `${JSON.stringify(name)}: wanted a process that keeps names, found none`,
    {
      mend: "Start one: python -m cenote keep; or enable it in JupyterLab: jupyter server extension enable cenote_server.",
    },
  );
}

function notHeld(name: string): CenoteError {
  const seconds = HOLD_PATIENCE_MS / 1000;
  return new CenoteError(
    "PEER_SILENT",
    `${JSON.stringify(name)} is not held by the keeper after ${seconds} s`,
    { mend: "Its owner does not answer the keeper, or there is no room. Try again." },
  );
}
