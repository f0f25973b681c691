// How lower rooms report upwards without importing the rooms above: they post notes to the outlet, and
// main.ts connects it to the thread that publishes them. Notes posted before that are kept in order.

import { books } from "./books.ts";

/** What the monitor must know beside the books. */
export type MonitorNote =
  | { type: "tag"; id: number; text: string }
  | { type: "adapter"; adapter: AdapterNote }
  | { type: "mark"; mark: MarkNote }
  | { type: "what"; what: WhatNote }
  /** The notebook's cell (its id there, where the frontend tells it) that runs under a number. */
  | { type: "cell"; cell: number; id: string | undefined };

/** What a block holds, beyond its tag: "column delay int16[3000000]". Id and generation name the block. */
export type WhatNote = [id: number, generation: number, text: string];

/** A moment that code has named. */
export interface MarkNote {
  name: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** The cell that ran, or 0. */
  cell: number;
  /** The ring's head just after it: records from there on happened later. */
  head: number;
}

export interface AdapterNote {
  /** As the driver names it, e.g. "llvmpipe: Mesa 25.0.7". */
  name: string;
  vendor: string;
  /** True when a processor does the adapter's work: figures from it are labelled so. */
  software: boolean;
}

let early: MonitorNote[] = [];
let sink: ((note: MonitorNote) => void) | undefined;

export function postNote(note: MonitorNote): void {
  if (sink) sink(note);
  else early.push(note);
}

export function connectOutlet(to: (note: MonitorNote) => void): void {
  sink = to;
  for (const note of early) to(note);
  early = [];
}

/** Says what the block that has the row `id` now holds, for whoever watches the pool. */
export function describeBlock(id: number, text: string): void {
  postNote({ type: "what", what: [id, books().blocks.generation[id]!, text] });
}
