// The requests that need no user code: each is answered in this thread, while a cell runs too.
import type { CommEvent } from "../base/index.ts";
import type { Comms } from "./comms.ts";
import type { History } from "./history.ts";
import { kernelInfo } from "./kernel-info.ts";
import { type Message, PROTOCOL_VERSION } from "./message.ts";
import { commEvent, cursor, text } from "./request-fields.ts";

export type Content = Record<string, unknown>;

/** Content of the reply; undefined where the type has none. */
export type Handler = (message: Message) => Promise<object> | object | undefined;

/** What answers of other rooms come from; wire-thread.ts joins them. */
export interface Answers {
  complete(code: string, cursor: number): Promise<Content>;
  inspect(code: string, cursor: number, detail: number): Promise<Content>;
  isComplete(code: string): Promise<Content>;
}

/** By message type. */
export function requestHandlers(
  answers: Answers,
  history: History,
  comms: Comms,
): Record<string, Handler> {
  const comm =
    (kind: CommEvent["kind"]): Handler =>
    (message) => {
      comms.receive(commEvent(kind, message));
      return undefined;
    };
  return {
    kernel_info_request: () => kernelInfo(PROTOCOL_VERSION),
    complete_request: ({ content }) => answers.complete(text(content["code"]), cursor(content)),
    inspect_request: ({ content }) =>
      answers.inspect(text(content["code"]), cursor(content), Number(content["detail_level"] ?? 0)),
    is_complete_request: ({ content }) => answers.isComplete(text(content["code"])),
    history_request: ({ content }) => ({
      status: "ok",
      history: history
        .select(content)
        .map(([session, line, source]) => [
          session,
          line,
          content["output"] ? [source, null] : source,
        ]),
    }),
    comm_info_request: ({ content }) => ({
      status: "ok",
      comms: comms.info(text(content["target_name"])),
    }),
    comm_open: comm("open"),
    comm_msg: comm("msg"),
    comm_close: comm("close"),
  };
}
