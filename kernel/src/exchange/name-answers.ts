// Answers the thread that completes names (base/shared-names.ts).
import { BroadcastChannel } from "node:worker_threads";
import { SHARED_NAMES_CHANNEL, type SharedNamesMessage } from "../base/index.ts";

/** From now on it is answered by what `names` gives. Keeps nobody alive. */
export function answerNames(names: () => Promise<string[]>): void {
  const channel = new BroadcastChannel(SHARED_NAMES_CHANNEL);
  channel.unref();
  const answer = async () =>
    channel.postMessage({ names: await names() } satisfies SharedNamesMessage);
  channel.onmessage = (event) => {
    const { data } = event as { data: SharedNamesMessage };
    if ("ask" in data) answer().catch(() => {}); // whoever puts or gets something is told what is wrong
  };
}
