// Follows the output ring and turns its records into messages, in order.
import {
  type MonitorNote,
  now,
  type OutputReader,
  type OutputRecord,
  RECORD,
  readEventRecord,
} from "../base/index.ts";
import type { Comms } from "./comms.ts";
import type { Executions } from "./executions.ts";
import { LastTurn } from "./last-turn.ts";
import { log } from "./log.ts";
import type { Publisher } from "./publisher.ts";

/** More than this many bytes waiting to leave hold the cell's output back. */
const MAX_BACKLOG = 8 << 20;

export interface PumpHost {
  publisher: Publisher;
  executions: Executions;
  comms: Comms;
  askInput(serial: number, content: Buffer): Promise<void>;
  note(note: MonitorNote): void;
  exiting(code: number): Promise<void>;
  /** Publishes text that came by other ways than the ring. */
  drain(): void;
}

/** A cell that prints without a pause must not keep this thread from its sockets and timers. */
const TURN_MS = 5;

/** Runs until the process ends. A record that can't be published is logged; those after it go on. */
export async function pumpOutput(output: OutputReader, host: PumpHost): Promise<never> {
  const lastTurn = new LastTurn();
  for (;;) {
    let turnEnds = now() + TURN_MS;
    for (let record = output.next(); record; record = output.next()) {
      try {
        // Text, of which there may be much, is not waited for.
        if (record.kind === RECORD.event) await publishEvent(host, record, lastTurn);
        else publishText(host, record);
      } catch (error) {
        log(`output of a cell was lost: ${(error as Error).stack}`);
      }
      if (host.publisher.backlog > MAX_BACKLOG) await host.publisher.drained();
      if (now() > turnEnds) {
        await new Promise((resolve) => setImmediate(resolve));
        turnEnds = now() + TURN_MS;
      }
    }
    host.publisher.settle();
    await output.wait();
  }
}

function publishText(host: PumpHost, { kind, request, payload }: OutputRecord): void {
  const name = kind === RECORD.stderr ? "stderr" : "stdout";
  host.publisher.text(name, payload.toString("utf8"), host.executions.parentOf(request));
}

async function publishEvent(
  host: PumpHost,
  { request, payload }: OutputRecord,
  lastTurn: LastTurn,
): Promise<void> {
  const { head, content, buffers } = readEventRecord(payload);
  switch (head.type) {
    case "publish": {
      if (head.messageType.startsWith("comm_")) {
        host.comms.noteSent(head.messageType, JSON.parse(content.toString("utf8")));
      }
      const extras = head.metadata ? { metadata: head.metadata, buffers } : { buffers };
      void host.publisher.send(
        head.messageType,
        content,
        host.executions.parentOf(request),
        extras,
      );
      break;
    }
    case "reply":
      lastTurn.begin(request, () => {
        host.drain();
        return host.executions.finish(request, head, content);
      });
      break;
    case "turned":
      await lastTurn.over(request);
      break;
    case "input":
      await host.publisher.drained();
      await host.askInput(head.serial, content);
      break;
    case "note":
      host.note(JSON.parse(content.toString("utf8")));
      break;
    case "exit":
      await lastTurn.over();
      host.drain();
      await host.exiting(head.code);
      break;
  }
}
