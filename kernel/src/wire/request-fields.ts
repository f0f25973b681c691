// Fields of requests as the specification means them, whatever a client really sent.
import type { CommEvent } from "../base/index.ts";
import type { Message } from "./message.ts";

export const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** A cursor in code points; without one, the end of the code. */
export function cursor(asked: Record<string, unknown>): number {
  const position = asked["cursor_pos"];
  return Number.isInteger(position) ? (position as number) : [...text(asked["code"])].length;
}

export function commEvent(kind: CommEvent["kind"], message: Message): CommEvent {
  const { content, metadata, buffers } = message;
  return {
    kind,
    commId: text(content["comm_id"]),
    targetName: text(content["target_name"]),
    data: content["data"],
    metadata,
    buffers,
  };
}
