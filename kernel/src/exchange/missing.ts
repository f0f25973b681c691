// The errors for a name that `get` has not found.
import { CenoteError, nearest } from "../base/index.ts";
import { processStart } from "./folder.ts";
import { ownerText, type SharedTable } from "./shared.ts";

/** Names that an error lists. */
const NAMES_SHOWN = 20;

/** Somebody who may share it has not answered. `silent`: paths of their sockets. */
export function unanswered(name: string, silent: string[]): CenoteError {
  const quoted = JSON.stringify(name);
  const pids = silent.map((path) => `process ${/(\d+)-[^/]*$/.exec(path)?.[1] ?? path}`);
  const text = `nobody who answered shares ${quoted}; no answer came from ${pids.join(", ")}`;
  return new CenoteError("PEER_SILENT", text, {
    mend: `It may be holding its interpreter. Try again, or wait longer: get(${quoted}, { wait: 30 }).`,
  });
}

/** Nobody shares it. `names`: what is shared; `seen`: who was last seen to share it. */
export function unknownName(
  name: string,
  names: string[],
  seen?: SharedTable["owner"],
): CenoteError {
  const quoted = JSON.stringify(name);
  const ended = seen !== undefined && seen.pid !== 0 && processStart(seen.pid) === undefined;
  const text = ended
    ? `${quoted} was shared by ${ownerText(seen)}, which has ended`
    : `no process shares anything as ${quoted}`;
  if (names.length === 0) {
    const mend = `Nothing is shared now. put(${quoted}, table) shares.`;
    return new CenoteError("UNKNOWN_NAME", text, { mend });
  }
  const near = nearest(name, names);
  const shown = names.slice(0, NAMES_SHOWN).map((one) => JSON.stringify(one));
  if (names.length > NAMES_SHOWN) shown.push("…");
  const hint = near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
  return new CenoteError("UNKNOWN_NAME", text, { mend: `Shared now: ${shown.join(", ")}.${hint}` });
}
