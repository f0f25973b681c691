// How long a page's frames take, what of it is the page's own work, and how much memory the page has.
import type { Page } from "playwright-core";
import type { LabPage } from "../../test/ui/browser.ts";
import { type MainThread, traceMainThread } from "./main-thread.ts";

/** Milliseconds. */
export interface Frames extends MainThread {
  /** From the frame's beginning until the page has done what it does for it: scripts, layout, painting. */
  work: number[];
  /** Between two frames. */
  gaps: number[];
}

const SECONDS = 5;
/** Steps in which the pointer crosses an element. */
const STEPS = 100;

/** Frames of some seconds; the pointer moves over the element, or rests where there is none. */
export async function measureFrames(ui: LabPage, over: string | undefined): Promise<Frames> {
  const box = over === undefined ? undefined : await boxOf(ui, over);
  const measure = () => whileMoving(ui, box, frames(ui.page));
  // One after the other: a trace takes time of its own, which the clock on the wall would count.
  const { work, gaps } = await measure();
  return { work, gaps, ...(await traceMainThread(ui.page, measure)) };
}

function frames(page: Page): Promise<Pick<Frames, "work" | "gaps">> {
  return page.evaluate(`new Promise((resolve) => {
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
  })`);
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Moves the pointer to and fro and up and down over the box until the promise is settled. */
async function whileMoving<T>(ui: LabPage, box: Box | undefined, measured: Promise<T>): Promise<T> {
  let done = false;
  const settled = measured.finally(() => {
    done = true;
  });
  for (let step = 0; box && !done; step++) {
    const [across, down] = [(step % STEPS) / STEPS, ((step * 7) % STEPS) / STEPS];
    await ui.page.mouse.move(
      box.x + 2 + across * (box.width - 4),
      box.y + 2 + down * (box.height - 4),
    );
  }
  return settled;
}

async function boxOf(ui: LabPage, selector: string): Promise<Box> {
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
