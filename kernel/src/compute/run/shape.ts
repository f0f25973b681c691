// The tables that rows are grouped in: how large they are, and how the rows are dealt to them.
import { availableParallelism } from "node:os";
import { CenoteError } from "../../base/index.ts";
import type { Slots } from "../wgsl/group.ts";
import type { Form } from "../wgsl/parts.ts";

/** Slots that a hash table has at first. */
export const FIRST_CAPACITY = 1024;
/** Bytes of tables of invocations' own, at most; beyond it they share one. */
export const OWN_BYTES = 16 * 2 ** 20;

/** How the rows of a chunk are dealt to invocations, and the tables that they fill. */
export interface Shape {
  readonly form: Form;
  readonly invocations: number;
  readonly copies: number;
  readonly capacity: number;
  readonly accBytes: number;
}

/** Chooses the form: tables of their own while they are small, for want of atomics; else a shared one. */
export function shapeFor(
  software: boolean,
  slots: Slots,
  capacity: number,
  width: number,
  rows: number,
  ownBytes = OWN_BYTES,
): Shape {
  const most = software ? 128 * availableParallelism() : 8192;
  const wanted = Math.max(1, Math.min(most, Math.ceil(rows / 128)));
  const copyBytes = capacity * width * 4;
  const copies = Math.min(wanted, Math.floor(ownBytes / Math.max(copyBytes, 1)));
  if (slots.by === "one" || copies >= Math.min(wanted, software ? most : 256)) {
    const invocations = slots.by === "one" ? wanted : copies;
    return {
      form: slots.by === "one" ? "local" : "own",
      invocations,
      copies: invocations,
      capacity,
      accBytes: copyBytes * invocations,
    };
  }
  const many = Math.max(1, Math.min(software ? 2048 : 1 << 18, Math.ceil(rows / 32)));
  return { form: "shared", invocations: many, copies: 1, capacity, accBytes: copyBytes };
}

/** Words of all slots of a table that comes to the host as it is, at most. */
const DENSE_WORDS = 2 ** 22;

/** Slots of tables of at most `most` bytes: keys of few values, of which few may be there, take less room by hash. */
export function fittingSlots(slots: Slots, width: number, most: number): Slots {
  const words = slots.by === "direct" ? slots.size * width : 0;
  return words > Math.min(DENSE_WORDS, most / 4) ? { by: "hash" } : slots;
}

/** Slots of the first table that is hashed. */
export function firstCapacity(most: number): number {
  return Math.min(FIRST_CAPACITY, Math.max(16, 2 ** Math.floor(Math.log2(most))));
}

/** The error of figures of which the device has no room for a table. */
export function tooWide(width: number): CenoteError {
  return new CenoteError(
    "GROUPS_TOO_WIDE",
    `a group's figures take ${width * 4} B; wanted less, so that a table of them fits the device`,
    { mend: "Ask for fewer figures at once, or raise pool.budget." },
  );
}

/** The next size of a table that was too small: at most what holds every row as a group of its own. */
export function largerTable(capacity: number, rows: number): number {
  const enough = 2 ** Math.ceil(Math.log2(Math.max(rows, 1) * 2));
  return capacity >= enough ? capacity * 2 : Math.min(capacity * 16, enough);
}
