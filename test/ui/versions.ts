// Has a page talk to kernels of other versions: what real kernels send goes through here, with another number
// where it says the monitor's version.
import type { Page } from "playwright-core";
import { MONITOR_VERSION } from "../../kernel/src/base/monitor-protocol.ts";

const OURS = Buffer.from(`"v":${MONITOR_VERSION}`);
/** Messages of the monitor's to the panel name it. */
const PANEL = Buffer.from('"comm_id":"cenote-panel-');

/** For sockets that the page opens from its next load on; `version` says what the kernel is to say. */
export async function routeKernels(page: Page, version: () => number): Promise<void> {
  await page.routeWebSocket(/\/api\/kernels\//, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => socket.send(changed(message, version())));
  });
}

/** The same message, as a kernel of this version would send it: of the same length, since it is full of offsets. */
function changed(message: string | Buffer, version: number): string | Buffer {
  if (typeof message === "string" || version === MONITOR_VERSION) return message;
  const at = message.includes(PANEL) ? message.indexOf(OURS) : -1;
  if (at < 0) return message;
  const copy = Buffer.from(message);
  copy.write(`"v":${version}`, at);
  return copy;
}
