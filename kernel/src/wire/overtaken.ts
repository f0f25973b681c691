// An interrupt_request comes on another socket than the cells it is meant for, and may be read first. A
// cell that was sent before the interrupt, by the dates in their headers, and is read just after it, is
// stopped before it begins. Only just after: the clocks of two senders may differ.
import { now } from "../base/index.ts";
import type { Header } from "./message.ts";

/** How far behind the interrupt a cell may come. */
const WINDOW_MS = 100;

export class InterruptOrder {
  /** When the latest interrupt was sent, by its sender's clock, and when it was read, by ours. */
  #sent = Number.NEGATIVE_INFINITY;
  #read = Number.NEGATIVE_INFINITY;

  note(header: Header, at = now()): void {
    this.#sent = dateOf(header);
    this.#read = at;
  }

  /** True for a cell that the latest interrupt was meant for too. A date that isn't one tells nothing. */
  overtook(header: Header, at = now()): boolean {
    return at - this.#read < WINDOW_MS && dateOf(header) < this.#sent;
  }
}

/** Milliseconds since the epoch; NaN where the sender gave no date. */
function dateOf({ date }: Header): number {
  return typeof date === "string" ? Date.parse(date) : Number.NaN;
}
