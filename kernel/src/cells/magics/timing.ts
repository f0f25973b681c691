// `%time` and `%%time`: wall time, processor time, and what the pool's live bytes did meanwhile.
import {
  type Books,
  books,
  CONTROL,
  COUNTER,
  EVENT,
  EVENT_WORDS,
  formatBytes,
  GRANULE,
  RING_CAPACITY,
} from "../../base/index.ts";

interface Mark {
  wall: number;
  thread: NodeJS.CpuUsage;
  all: NodeJS.CpuUsage;
  live: number;
  events: number;
}

export class Timing {
  /** By cell; a statement may be timed within a cell that is. */
  readonly #marks = new Map<number, Mark[]>();

  begin(id: number): void {
    const { control, counters } = books();
    const mark: Mark = {
      live: counters[COUNTER.live]!,
      events: Atomics.load(control, CONTROL.ringHead),
      all: process.cpuUsage(),
      thread: process.threadCpuUsage(),
      wall: performance.now(),
    };
    this.#marks.set(id, [...(this.#marks.get(id) ?? []), mark]);
  }

  /** What is to be told about the time since the last `begin` of this cell. */
  end(id: number): string {
    const wall = performance.now();
    const marks = this.#marks.get(id) ?? [];
    const mark = marks.pop();
    if (marks.length === 0) this.#marks.delete(id);
    if (!mark) return "";
    const { user, system } = process.threadCpuUsage(mark.thread);
    const all = process.cpuUsage(mark.all);
    const parts = [
      `wall ${duration(wall - mark.wall)}`,
      `CPU ${duration((user + system) / 1e3)} (user ${duration(user / 1e3)}, ` +
        `system ${duration(system / 1e3)}; all threads ${duration((all.user + all.system) / 1e3)})`,
      poolText(books(), mark),
    ];
    return parts.filter(Boolean).join(" · ");
  }
}

function poolText(from: Books, mark: Mark): string {
  if (from.counters[COUNTER.budget] === 0) return "";
  const net = from.counters[COUNTER.live]! - mark.live;
  const peak = peakSince(from, mark);
  const sign = net < 0 ? "−" : "+";
  const most = peak === undefined ? "" : `, at most ${formatBytes(peak)} live`;
  return `pool ${sign}${formatBytes(Math.abs(net))}${most}`;
}

/** The most that was live, by the events since; undefined where there were more than the ring holds. */
function peakSince({ control, ring }: Books, mark: Mark): number | undefined {
  const head = Atomics.load(control, CONTROL.ringHead);
  const count = (head - mark.events) >>> 0;
  if (count >= RING_CAPACITY) return undefined;
  let live = mark.live;
  let peak = live;
  for (let i = 0; i < count; i++) {
    const at = (((mark.events + i) >>> 0) % RING_CAPACITY) * EVENT_WORDS;
    const kind = ring[at]! & 0xff;
    const bytes = ring[at + 4]! * GRANULE;
    if (kind === EVENT.alloc || kind === EVENT.fetch) live += bytes;
    if (kind === EVENT.free || kind === EVENT.spill) live -= bytes;
    peak = Math.max(peak, live);
  }
  return peak;
}

/** Of milliseconds, with three figures. */
export function duration(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 1000) return `${ms.toPrecision(3)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toPrecision(3)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
