// The serving thread's entry: opens this process's socket and joins it to the server. The main thread
// may be busy for minutes meanwhile.
import { chmodSync, renameSync } from "node:fs";
import { createServer } from "node:net";
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { native } from "../base/index.ts";
import { type BoardHandle, OwnBoard } from "./board.ts";
import { Server } from "./server.ts";
import type { FromServer, ToServer } from "./thread-messages.ts";

const { port, path, board } = workerData as {
  port: MessagePort;
  path: string;
  board?: BoardHandle;
};

const tell = (message: FromServer) => port.postMessage(message);
const catchUp = () => {
  for (let got: { message: ToServer } | undefined; (got = receiveMessageOnPort(port)); ) {
    server.told(got.message);
  }
};
const server = new Server(tell, catchUp, board && new OwnBoard(native()!, board));
port.on("message", (message: ToServer) => server.told(message));

const listener = createServer((socket) => server.accept(socket));
listener.on("error", (error: NodeJS.ErrnoException) => {
  tell({ type: "failed", code: error.code ?? "FAILED", message: error.message });
});
// Bound under another name and renamed: whoever sees the socket can connect to it.
const hidden = `${path.slice(0, -".sock".length)}.new`;
listener.listen(hidden, () => {
  chmodSync(hidden, 0o600);
  renameSync(hidden, path);
  tell({ type: "listening", path });
});
