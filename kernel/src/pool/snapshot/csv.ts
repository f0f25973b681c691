// Snapshots as CSV: a trace in our own format, and RMM's log. Both open in `npx cenote replay`, RMM's in
// its replay benchmark too.
import { history, type Step, startOf } from "./history.ts";
import type { SnapshotData } from "./schema.ts";

/** Columns t (milliseconds since the first event), op, id, bytes (as requested), tag. */
export function toTrace(data: SnapshotData): string {
  const began = startOf(data);
  const rows = ["t,op,id,bytes,tag"];
  for (const step of history(data)) {
    const { kind, serial, requested, tag, time } = step;
    if (!isOperation(step)) continue;
    rows.push(`${(time - began).toFixed(3)},${kind},${serial},${requested},${quoted(tag)}`);
  }
  return `${rows.join("\n")}\n`;
}

/**
 * RMM's columns. Pointers are the numbers of the allocations, because blocks may move: what matters is
 * that they differ while live. Times are UTC, as the columns of RMM's log have no date.
 */
export function toRmmLog(data: SnapshotData): string {
  const rows = ["Thread,Time,Action,Pointer,Size,Stream"];
  // Many events share one reading of the clock.
  let [read, shown] = [Number.NaN, ""];
  for (const step of history(data)) {
    const { kind, serial, requested, time } = step;
    const failed = kind === "failed";
    if (!failed && !isOperation(step)) continue;
    if (time !== read) [read, shown] = [time, clock(time)];
    const action = failed ? "allocate failure" : kind === "alloc" ? "allocate" : "free";
    rows.push(`0,${shown},${action},0x${serial.toString(16)},${requested},0x0`);
  }
  return `${rows.join("\n")}\n`;
}

const isOperation = ({ kind, serial }: Step) => serial > 0 && (kind === "alloc" || kind === "free");

/** HH:MM:SS:microseconds. */
function clock(time: number): string {
  const text = new Date(time).toISOString();
  const micros = Math.floor((time % 1000) * 1000);
  return `${text.slice(11, 19)}:${String(micros).padStart(6, "0")}`;
}

/** A field of CSV. Line ends become spaces, so that a row is a line. */
function quoted(text: string): string {
  const line = text.replace(/[\r\n]+/g, " ");
  return /[",]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}
