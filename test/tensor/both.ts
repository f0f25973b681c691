// A test's body on the device, and again with the JavaScript that small work on the host is done with.
import { preferHost } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

/** The second time all is done on the host that can be. */
export async function onBoth(body: () => Promise<void>): Promise<void> {
  await scoped(body);
  preferHost(gpu, 2 ** 20);
  try {
    await scoped(body);
  } finally {
    preferHost(gpu, 0);
  }
}
