// A thread that looks at what is shared while a page does, so that neither cells nor the wire wait for it. It
// maps a table for a moment to show its first rows, and holds no lease otherwise.
import { type MessagePort, workerData } from "node:worker_threads";
import { BROWSE_VERSION, type ExchangeAnswer, type ExchangeRequest } from "../base/index.ts";
import { get, release, remove, Survey } from "../exchange/index.ts";
import { encodeRows } from "./encode.ts";
import type { FromSharedThread, ToSharedThread } from "./shared-browser.ts";

/** Milliseconds between looks. */
const LOOK_MS = 1000;
const MOST_ROWS = 1000;

const { port } = workerData as { port: MessagePort };
const survey = new Survey();
const pages = new Set<string>();
let listing: ExchangeAnswer | undefined;
let said = "";

function send(commId: string, data: ExchangeAnswer, buffers: Uint8Array[] = []): void {
  port.postMessage({ commId, data, buffers } satisfies FromSharedThread);
}

async function look(): Promise<void> {
  const objects = await survey.look();
  const text = JSON.stringify(objects);
  if (text === said) return;
  said = text;
  listing = { kind: "listing", v: BROWSE_VERSION, objects };
  for (const page of pages) send(page, listing);
}

/** One look after the other, as long as the thread lives. */
async function lookOn(): Promise<void> {
  await look().catch((error: Error) =>
    console.error("cenote: a look at the exchange failed:", error),
  );
  setTimeout(() => void lookOn(), LOOK_MS);
}

async function answer(commId: string, request: ExchangeRequest): Promise<void> {
  const { id, name } = request;
  if (request.kind === "preview") {
    const table = await get(name);
    try {
      const count = Math.min(request.rows, MOST_ROWS, table.numRows);
      const { bytes, rows } = encodeRows(count, (most) => table.slice(0, most));
      send(commId, { kind: "preview", id, name, rows }, [bytes]);
    } finally {
      await release(table);
    }
  } else if (request.kind === "remove") {
    await remove(name);
    send(commId, { kind: "removed", id, name });
    await look();
  }
}

port.on("message", ({ kind, commId, data }: ToSharedThread) => {
  if (kind === "open") {
    pages.add(commId);
    if (listing) send(commId, listing);
  } else if (kind === "close") pages.delete(commId);
  else {
    const request = data as ExchangeRequest;
    answer(commId, request).catch((error: Error) => {
      send(commId, { kind: "failed", id: request.id, message: error.message });
    });
  }
});
void lookOn();
