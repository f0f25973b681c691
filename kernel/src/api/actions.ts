// Does what pages ask of the pool, between cells.
import { existsSync } from "node:fs";
import {
  ACTIONS_TARGET,
  type ActionAnswer,
  type ActionRequest,
  CenoteError,
  comms,
  commsConnected,
} from "../base/index.ts";
import { EXPORTS, type ExportFormat, type PoolSnapshot } from "../pool/index.ts";
import { pool } from "./pool.ts";

/** Rows of a list. */
const MOST_HOLDERS = 50;

type Answer = ActionAnswer extends infer A ? (A extends unknown ? Omit<A, "id"> : never) : never;

const ENDINGS: Record<ExportFormat, string> = {
  json: "json",
  memory_viz: "pickle",
  rmm: "rmm.csv",
  perfetto: "perfetto.json",
  csv: "csv",
  html: "html",
};

/** The snapshot that the next one is compared with. */
let last: PoolSnapshot | undefined;

/** Serves pages, where this is a notebook's kernel. */
export function serveActions(): void {
  if (!commsConnected()) return;
  comms().serve(ACTIONS_TARGET, (comm) => {
    comm.onMessage = (data) => {
      const request = data as ActionRequest;
      const { id } = request;
      act(request).then(
        (answer) => comm.send({ id, ...answer }),
        (error: Error) => comm.send({ id, kind: "failed", message: error.message }),
      );
    };
  });
}

async function act(request: ActionRequest): Promise<Answer> {
  switch (request.kind) {
    case "mark":
      pool.mark(request.name);
      return { kind: "done" };
    case "trim":
      return { kind: "done", bytes: pool.trim() };
    case "compact": {
      const { movedBytes, givenBack } = pool.compact();
      return { kind: "done", bytes: givenBack, movedBytes };
    }
    case "spill":
      return { kind: "done", bytes: pool.spill(request.bytes) };
    case "leaks":
      return { kind: "leaks", holders: pool.leaks().slice(0, MOST_HOLDERS) };
    case "free-leaks":
      return { kind: "done", ...pool.freeLeaks() };
    case "snapshot":
      last = pool.snapshot();
      return { kind: "done", bytes: last.counts.live, blocks: last.counts.liveBlocks };
    case "compare":
      return compare();
    case "export":
      return { kind: "done", file: await write(request.format) };
    case "picture":
      return { kind: "picture", svg: pool.snapshot().picture(request.picture) };
    default:
      throw new CenoteError("BAD_ACTION", `wanted an action, found ${JSON.stringify(request)}`, {
        mend: "The page may be of another version than this kernel: update both, and reload it.",
      });
  }
}

function compare(): Answer {
  if (!last) {
    throw new CenoteError("NO_SNAPSHOT", "there is no snapshot to compare with", {
      mend: "Take one first; compare later.",
    });
  }
  const { milliseconds, counts, appeared, gone } = pool.snapshot().diff(last);
  return {
    kind: "difference",
    milliseconds,
    live: counts.live,
    reserved: counts.reserved,
    appeared: appeared.slice(0, MOST_HOLDERS),
    gone: gone.slice(0, MOST_HOLDERS),
  };
}

/** Writes a snapshot into the notebook's folder, under a name that there is not yet. */
async function write(format: string): Promise<string> {
  if (!Object.hasOwn(EXPORTS, format)) {
    const formats = Object.keys(EXPORTS).join(", ");
    throw new CenoteError("BAD_FORMAT", `wanted a format of ${formats}, found ${format}`);
  }
  const snapshot = pool.snapshot();
  const moment = new Date(snapshot.time).toISOString().slice(0, 19).replaceAll(":", "-");
  for (let n = 1; ; n++) {
    const file = `pool-${moment}${n === 1 ? "" : `-${n}`}.${ENDINGS[format as ExportFormat]}`;
    if (existsSync(file)) continue;
    await snapshot.save(file, format as ExportFormat);
    return file;
  }
}
