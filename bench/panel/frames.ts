// How long a page's frames take, and how much memory it has.
import type { Page } from "playwright-core";
import type { LabPage } from "../../test/ui/browser.ts";

/** Milliseconds. */
export interface Frames {
  /** From the frame's beginning until the page has done what it does for it: scripts, layout, painting. */
  work: number[];
  /** Between two frames. */
  gaps: number[];
}

const SECONDS = 6;

/** Frames of some seconds; the pointer moves over the element, or rests where there is none. */
export async function measureFrames(ui: LabPage, over: string | undefined): Promise<Frames> {
  const box = over === undefined ? undefined : await boxOf(ui, over);
  const measured = ui.page.evaluate(`new Promise((resolve) => {
    const [work, gaps] = [[], []];
    const channel = new MessageChannel();
    let began = 0;
    // A message that was posted in a frame arrives when the frame is done.
    channel.port1.onmessage = () => work.push(performance.now() - began);
    const end = performance.now() + ${SECONDS * 1000};
    const frame = () => {
      const now = performance.now();
      if (began) gaps.push(now - began);
      began = now;
      channel.port2.postMessage(0);
      if (now < end) requestAnimationFrame(frame);
      else resolve({ work, gaps });
    };
    requestAnimationFrame(frame);
  })`) as Promise<Frames>;
  let done = false;
  void measured.then(() => {
    done = true;
  });
  for (let step = 0; box && !done; step++) {
    const share = (step % 100) / 100;
    await ui.page.mouse.move(box.x + 2 + share * (box.width - 4), box.y + box.height / 2);
  }
  return measured;
}

async function boxOf(ui: LabPage, selector: string) {
  const element = ui.panel.locator(selector);
  await element.scrollIntoViewIfNeeded();
  const box = await element.boundingBox();
  if (!box) throw new Error(`wanted ${selector} in view, found nothing`);
  return box;
}

/** Bytes of the page's JavaScript heap and of its buffers, after a collection. */
export async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const usage = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  await session.detach();
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}
