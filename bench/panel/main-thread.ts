// What a page's main thread does for its frames, in processor time: what other processes take of a shared
// machine is not in it. From Chromium's own trace, which makes everything somewhat slower.
import type { Page } from "playwright-core";

/** Milliseconds of processor time. */
export interface MainThread {
  /** All that the thread does from one frame to the next: messages, timers, scripts, layout, painting. */
  processor: number[];
  /** The callbacks of each frame alone: what the page's scripts draw. */
  callbacks: number[];
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  tdur?: number;
  args: { name?: string };
}

const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "cc"];
const FRAME = "ProxyMain::BeginMainFrame";
const TASK = "RunTask";
const CALLBACK = "FireAnimationFrame";

/** Traces the page while `during` runs. */
export async function traceMainThread(
  page: Page,
  during: () => Promise<unknown>,
): Promise<MainThread> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    events.push(...(value as unknown as TraceEvent[]));
  });
  const ended = new Promise<void>((resolve) =>
    session.once("Tracing.tracingComplete", () => resolve()),
  );
  await session.send("Tracing.start", {
    traceConfig: { includedCategories: CATEGORIES },
    transferMode: "ReportEvents",
  });
  await during();
  await session.send("Tracing.end");
  await ended;
  await session.detach();
  return summed(mainThread(events));
}

/** The events of the main thread that has the most frames: the page's. */
function mainThread(events: readonly TraceEvent[]): TraceEvent[] {
  const threads = Map.groupBy(events, ({ pid, tid }) => `${pid} ${tid}`).values();
  const frames = (of: readonly TraceEvent[]) => of.filter(({ name }) => name === FRAME).length;
  const [most] = [...threads].sort((a, b) => frames(b) - frames(a));
  if (!most || frames(most) === 0) throw new Error(`wanted a trace with ${FRAME}, found none`);
  return most.sort((a, b) => a.ts - b.ts);
}

function summed(events: readonly TraceEvent[]): MainThread {
  const processor: number[] = [];
  const callbacks: number[] = [];
  for (const { name, ph, tdur } of events) {
    if (ph !== "X") continue;
    if (name === FRAME) {
      processor.push(0);
      callbacks.push(0);
    }
    // What came before the first frame belongs to none; a frame's own task begins before it.
    const last = processor.length - 1;
    if (last < 0 || tdur === undefined) continue;
    if (name === TASK) processor[last]! += tdur / 1000;
    else if (name === CALLBACK) callbacks[last]! += tdur / 1000;
  }
  return { processor, callbacks };
}
