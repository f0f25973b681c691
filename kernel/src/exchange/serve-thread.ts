// The serving thread's entry: opens this process's socket and joins it to the server. The main thread
// may be busy for minutes meanwhile.
import { chmodSync, existsSync, renameSync } from "node:fs";
import { createServer, type Server as Listener } from "node:net";
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { native } from "../base/index.ts";
import { type BoardHandle, OwnBoard } from "./board.ts";
import { ensureFolder } from "./folder.ts";
import { Server } from "./server.ts";
import type { FromServer, ToServer } from "./thread-messages.ts";

/** Milliseconds between looks whether someone has removed the socket, or the folder that it lies in. */
const LOOK_MS = 1000;

const { port, path, board, looked } = workerData as {
  port: MessagePort;
  path: string;
  looked: Int32Array;
  board?: BoardHandle;
};

const tell = (message: FromServer) => port.postMessage(message);
const catchUp = () => {
  for (let got: { message: ToServer } | undefined; (got = receiveMessageOnPort(port)); ) {
    server.told(got.message);
  }
};
const haveLooked = () => {
  Atomics.add(looked, 0, 1);
  Atomics.notify(looked, 0);
};
const server = new Server(tell, catchUp, haveLooked, board && new OwnBoard(native()!, board));
port.on("message", (message: ToServer) => {
  server.told(message);
  catchUp();
  server.settle();
});

// Bound under another name and renamed: whoever sees the socket can connect to it.
const hidden = `${path.slice(0, -".sock".length)}.new`;

function listen(listening: () => void): Listener {
  const listener = createServer((socket) => server.accept(socket));
  const failed = (error: NodeJS.ErrnoException) =>
    tell({ type: "failed", code: error.code ?? "FAILED", message: error.message });
  listener.on("error", failed);
  return listener.listen(hidden, () => {
    try {
      chmodSync(hidden, 0o600);
      renameSync(hidden, path);
      listening();
    } catch (error) {
      failed(error as NodeJS.ErrnoException);
    }
  });
}

/** In the place of one that nobody finds any more. Who is connected stays so. */
function listenAgain(old: Listener): void {
  try {
    ensureFolder();
  } catch {
    return; // it is someone else's by now, or there is no room: at the next look
  }
  old.close();
  listener = listen(() => {});
}

let listener = listen(() => {
  tell({ type: "listening", path });
  setInterval(() => {
    if (!existsSync(path)) listenAgain(listener);
  }, LOOK_MS).unref();
});
