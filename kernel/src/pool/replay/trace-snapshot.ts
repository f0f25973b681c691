// The trace in a snapshot of ours: its events, after the allocations that were live before them.

import { history } from "../snapshot/history.ts";
import { PoolSnapshot } from "../snapshot/index.ts";
import { badTrace, type Trace, TraceBuilder } from "./trace.ts";

/** `text` is the snapshot's JSON, `name` for messages. Throws BAD_SNAPSHOT, and BAD_TRACE where it has no events. */
export function traceOfSnapshot(text: string, name: string): Trace {
  const { data } = PoolSnapshot.parse(text, name);
  const builder = new TraceBuilder();
  for (const { kind, serial, requested } of history(data)) {
    if (serial === 0) continue;
    if (kind === "alloc") builder.allocate(serial, requested);
    else if (kind === "free") builder.free(serial);
  }
  const trace = builder.done();
  if (trace.length === 0) throw badTrace(name, "the snapshot has no allocations");
  return trace;
}
