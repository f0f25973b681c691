// Snapshots in the Trace Event Format, which ui.perfetto.dev and chrome://tracing open: counters of the
// bytes, a slice for each cell, and asynchronous slices for slabs and blocks, from birth to end.
// Many events share one reading of the clock; each is put a nanosecond after the one before it, so that
// their order stays.
import { history, type Step, startOf, where } from "./history.ts";
import type { SnapshotData } from "./schema.ts";

const PROCESS = 1;
const CELLS = 1;
const NANOSECOND = 0.001;

interface TraceEvent {
  name: string;
  ph: "M" | "C" | "B" | "E" | "b" | "e" | "n" | "i";
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  cat?: string;
  id?: string;
  s?: "g";
  args?: Record<string, unknown>;
}

/** The trace as JSON text; times begin at 0, and `otherData` says when that was. */
export function toPerfetto(data: SnapshotData): string {
  const builder = new Builder(data);
  for (const step of history(data)) builder.add(step);
  return JSON.stringify({
    traceEvents: builder.done(data.time),
    displayTimeUnit: "ns",
    otherData: {
      began: new Date(builder.began).toISOString(),
      adapter: data.adapter?.["name"] ?? "simulated",
      eventsLost: data.eventsLost,
    },
  });
}

class Builder {
  readonly began: number;
  readonly #events: TraceEvent[] = [];
  readonly #open = new Map<string, TraceEvent>();
  readonly #bytes = { live: 0, requested: 0, reserved: 0, spilled: 0 };
  #cell = 0;
  #ts = 0;

  constructor(data: SnapshotData) {
    this.began = startOf(data);
    this.#meta("process_name", "Cenote pool");
    this.#meta("thread_name", "cells");
  }

  add(step: Step): void {
    this.#tick(step.time);
    const { kind, size, requested } = step;
    const bytes = this.#bytes;
    if (kind === "alloc") {
      this.#begin("block", step.serial, step);
      this.#count(size, requested, 0);
    } else if (kind === "free") {
      this.#end("block", step.serial);
      // A spilled block has no slab; its bytes were taken off the live ones when it left.
      if (step.slab === 0) bytes.spilled -= size;
      this.#count(step.slab === 0 ? 0 : -size, step.slab === 0 ? 0 : -requested, 0);
    } else if (kind === "spill") {
      bytes.spilled += size;
      this.#note(step, "spilled");
      this.#count(-size, -requested, 0);
    } else if (kind === "fetch") {
      bytes.spilled -= size;
      this.#note(step, "fetched");
      this.#count(size, requested, 0);
    } else if (kind === "move") this.#note(step, "moved");
    else if (kind === "slabNew") {
      this.#begin("slab", step.id, step);
      this.#count(0, 0, size);
    } else if (kind === "slabFree") {
      this.#end("slab", step.id);
      this.#count(0, 0, -size);
    } else if (kind === "cellBegin") this.#cellBegins(step.id);
    else if (kind === "cellEnd") this.#cellEnds(step.id);
    else if (kind === "mark") this.#instant(step.tag, {});
    else if (kind === "failed") {
      this.#instant("out of memory", { wanted: requested, free: size, where: placeText(step) });
    }
  }

  /** Ends what is still open at `time`; returns the events. */
  done(time: number): TraceEvent[] {
    this.#tick(time);
    if (this.#cell !== 0) this.#cellEnds(this.#cell);
    for (const key of [...this.#open.keys()]) this.#close(key);
    return this.#events;
  }

  #tick(time: number): void {
    this.#ts = Math.max(this.#ts + NANOSECOND, (time - this.began) * 1000);
  }

  #count(live: number, requested: number, reserved: number): void {
    this.#bytes.live += live;
    this.#bytes.requested += requested;
    this.#bytes.reserved += reserved;
    this.#push({ name: "bytes", ph: "C", args: { ...this.#bytes } });
  }

  #begin(cat: "block" | "slab", number: number, step: Step): void {
    const id = `0x${number.toString(16)}`;
    const name = cat === "slab" ? `slab ${number}` : step.tag || "block";
    const { slab, offset, size, requested } = step;
    const args =
      cat === "slab"
        ? { bytes: size }
        : { requested, size, where: placeText(step), slab, offset, before: step.before };
    this.#open.set(`${cat}${number}`, this.#push({ name, ph: "b", cat, id, args }));
  }

  #end(cat: "block" | "slab", number: number): void {
    this.#close(`${cat}${number}`);
  }

  #close(key: string): void {
    const began = this.#open.get(key);
    if (!began) return;
    this.#open.delete(key);
    const { name, cat, id } = began;
    this.#push({ name, ph: "e", cat: cat!, id: id! });
  }

  /** An instant on a block's slice. */
  #note(step: Step, what: string): void {
    const began = this.#open.get(`block${step.serial}`);
    if (!began) return;
    const { slab, offset } = step;
    this.#push({
      ...{ name: began.name, ph: "n" as const, cat: began.cat!, id: began.id! },
      args: { what, slab, offset },
    });
  }

  #instant(name: string, args: Record<string, unknown>): void {
    this.#push({ name, ph: "i", s: "g", args });
  }

  #cellBegins(cell: number): void {
    if (this.#cell !== 0) this.#cellEnds(this.#cell);
    this.#cell = cell;
    this.#push({ name: `cell [${cell}]`, ph: "B" });
  }

  #cellEnds(cell: number): void {
    // A cell whose beginning is not in the events began with them.
    if (this.#cell !== cell) this.#push({ name: `cell [${cell}]`, ph: "B", ts: 0 });
    this.#cell = 0;
    this.#push({ name: `cell [${cell}]`, ph: "E" });
  }

  #meta(name: string, value: string): void {
    this.#push({ name, ph: "M", args: { name: value } });
  }

  #push(event: Pick<TraceEvent, "name" | "ph"> & Partial<TraceEvent>): TraceEvent {
    const whole = { pid: PROCESS, tid: CELLS, ts: this.#ts, ...event };
    this.#events.push(whole);
    return whole;
  }
}

const placeText = ({ cell, line }: Step) => where(cell, line);
