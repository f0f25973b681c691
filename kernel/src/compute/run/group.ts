// Runs an aggregate: rows find their groups by slots of their own where the keys have few possible values, else by
// hashing.
import type { ColumnStore } from "../../columns/index.ts";
import { denseGroups } from "./dense.ts";
import { hashedGroups } from "./hashed.ts";
import type { Scratch } from "./scratch.ts";
import { type GroupQuery, type Groups, querySlots } from "./tables.ts";

/** Groups and their words, not merged over chunks where they are hashed. Throws OutOfPoolMemory. */
export function group(store: ColumnStore, query: GroupQuery, scratch: Scratch): Promise<Groups> {
  const slots = querySlots(store, query);
  if (slots.by === "hash") return hashedGroups(store, query, scratch);
  return denseGroups(store, query, slots, scratch);
}
