// Waiting for the device, which an interrupt ends.
import { Interrupted } from "../base/index.ts";
import type { Pool } from "../pool/index.ts";

const STOP_POLL_MS = 20;

/** Waits, but rejects with Interrupted when the user asks the cell to stop. */
export async function untilStopped<T>(pool: Pool, promise: Promise<T>): Promise<T> {
  let poll: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    poll = setInterval(() => {
      if (!pool.stopping) return;
      clearInterval(poll); // here too: a termination runs no `finally`
      reject(new Interrupted());
    }, STOP_POLL_MS);
  });
  stopped.catch(() => {}); // nor does anything else that is terminated hear of it
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    clearInterval(poll);
  }
}
