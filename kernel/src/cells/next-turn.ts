// The next turn of the event loop. It comes by a port, as cells do: Node's immediates and timers use methods
// of arrays, which cells may change.
import { MessageChannel } from "node:worker_threads";
import { outsideIntrinsics } from "./intrinsics.ts";

/** The function that has `begin` called with its argument, in the next turn. */
export function nextTurns(begin: (request: number) => void): (request: number) => void {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (request: number) => {
    outsideIntrinsics();
    begin(request);
  });
  return port2.postMessage.bind(port2);
}
