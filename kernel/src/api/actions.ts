// Does what pages ask of the pool, between cells.
import { writeFile } from "node:fs/promises";
import {
  ACTION_BEGINS_MS,
  ACTIONS_TARGET,
  type ActionAnswer,
  type ActionRequest,
  type ArrivedAction,
  CenoteError,
  comms,
  commsConnected,
} from "../base/index.ts";
import { EXPORTS, type ExportFormat } from "../pool/index.ts";
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

/** Serves pages, where this is a notebook's kernel. */
export function serveActions(): void {
  if (!commsConnected()) return;
  comms().serve(ACTIONS_TARGET, (comm) => {
    comm.onMessage = (data) => {
      const request = data as ArrivedAction;
      const { id } = request;
      if (Date.now() - request.arrived > ACTION_BEGINS_MS) {
        comm.send({ id, kind: "late" } satisfies ActionAnswer);
        return;
      }
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
      return leaks();
    case "free-leaks":
      return { kind: "done", ...pool.freeLeaks() };
    case "export":
      return { kind: "done", file: await write(request.format) };
    default:
      throw new CenoteError("BAD_ACTION", `wanted an action, found ${JSON.stringify(request)}`, {
        mend: "The page may be of another version than this kernel: update both, and reload it.",
      });
  }
}

function leaks(): Answer {
  const all = pool.leaks();
  const sum = (of: "blocks" | "bytes") => all.reduce((total, one) => total + one[of], 0);
  const holders = all.slice(0, MOST_HOLDERS);
  return { kind: "leaks", holders, groups: all.length, blocks: sum("blocks"), bytes: sum("bytes") };
}

/** Writes a snapshot into the notebook's folder, under a name that there is not yet. */
async function write(format: string): Promise<string> {
  if (!Object.hasOwn(EXPORTS, format)) {
    const formats = Object.keys(EXPORTS).join(", ");
    throw new CenoteError("BAD_FORMAT", `wanted a format of ${formats}, found ${format}`);
  }
  const snapshot = pool.snapshot();
  const moment = new Date(snapshot.time).toISOString().slice(0, 19).replaceAll(":", "-");
  const text = snapshot.export(format as ExportFormat);
  for (let n = 1; ; n++) {
    const file = `pool-${moment}${n === 1 ? "" : `-${n}`}.${ENDINGS[format as ExportFormat]}`;
    try {
      await writeFile(file, text, { flag: "wx" });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
