// The next turn of the event loop. It comes by a port, as cells do: Node's immediates and timers use methods
// of arrays, which cells may change.
import { MessageChannel } from "node:worker_threads";
import { outsideIntrinsics } from "./intrinsics.ts";

/**
 * Does what Node does after each callback of the event loop: runs what was put off (`nextTick`, promises), and
 * tells of rejections that nobody handles. To be called where only the event loop is below. Throws what a
 * callback of nextTick throws.
 */
export const finishTurn = (process as unknown as { _tickCallback(): void })._tickCallback;

/** The function that has `begin` called with its argument, in the next turn. */
export function nextTurns(begin: (request: number) => void): (request: number) => void {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (request: number) => {
    outsideIntrinsics();
    begin(request);
  });
  return port2.postMessage.bind(port2);
}
