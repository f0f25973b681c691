// Answers one page that looks into a table. Loaded when the first table is shown.
import * as arrow from "apache-arrow";
import {
  BROWSE_VERSION,
  CenoteError,
  type Comm,
  type TableAnswer,
  type TableRequest,
} from "../base/index.ts";
import { toTable } from "../exchange/index.ts";
import { TableView } from "./table-view.ts";

export { encodePreview } from "./encode.ts";

/** The table that a value is; known by its shape. */
export const asTable = (value: object): arrow.Table => toTable(arrow, value);

/** Answers a page for as long as it has the comm open. */
export function serveTable(comm: Comm, table: arrow.Table): void {
  const view = new TableView(table);
  const send = (answer: TableAnswer, buffers: ArrayBufferView[] = []) => comm.send(answer, buffers);
  comm.onMessage = (data) => {
    const request = data as TableRequest;
    answer(view, request, send).catch((error: Error) => {
      if (error instanceof CenoteError && error.code === "CANCELLED") return;
      send({ kind: "failed", id: request.id, message: error.message });
    });
  };
  comm.onClose = () => view.close();
  send({ kind: "ready", v: BROWSE_VERSION, rows: table.numRows });
}

async function answer(
  view: TableView,
  request: TableRequest,
  send: (answer: TableAnswer, buffers?: ArrayBufferView[]) => void,
): Promise<void> {
  const { id } = request;
  if (request.kind === "rows") {
    const { bytes, rows } = view.rows(request.from, request.count);
    send({ kind: "rows", id, from: request.from, count: rows }, [bytes]);
  } else if (request.kind === "sort") {
    await view.sort(request.column, request.descending);
    send({ kind: "sorted", id });
  } else if (request.kind === "statistics") {
    send({ kind: "statistics", id, statistics: await view.statistics(request.column) });
  }
}
