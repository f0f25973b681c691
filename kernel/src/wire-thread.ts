// Entry of the wire thread: joins the wire to completion, interrupts and the monitor. Nothing of the
// user's runs here, so it answers while a cell spins.
import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import {
  ACTIONS_TARGET,
  EXCHANGE_TARGET,
  MONITOR_TARGET,
  OutputReader,
  openBooks,
  type ProcessDescriptors,
  type ToMain,
  waitForCompilerFlags,
} from "./base/index.ts";
import { SharedBrowser } from "./browse/index.ts";
import { Monitor } from "./monitor/index.ts";
import {
  ActionGate,
  Interrupter,
  KernelServer,
  log,
  logTo,
  onInterruptSignal,
  onParentLost,
  readConnection,
  Terminator,
  TypesClient,
} from "./wire/index.ts";

export interface WireThreadData {
  connectionFile: string;
  /** To the main thread. */
  port: MessagePort;
  books: SharedArrayBuffer;
  output: SharedArrayBuffer;
  descriptors: ProcessDescriptors | undefined;
}

process.on("uncaughtException", (error) => log(`in the wire thread: ${error.stack}`));

const data = workerData as WireThreadData;
if (data.descriptors) logTo(data.descriptors.terminal);
const books = openBooks(data.books);
const output = new OutputReader(data.output);
const post = (message: ToMain) => data.port.postMessage(message);

let inspector: Session | undefined;
/** V8's inspector of the main thread; its commands run there even in the middle of a loop. */
function mainThread(): Session {
  if (inspector) return inspector;
  inspector = new Session();
  inspector.connectToMainThread();
  return inspector;
}

const interrupter: Interrupter = new Interrupter(
  books,
  output,
  post,
  new Terminator(mainThread, () => interrupter.mayEnd),
);

const main = parentPort!;
/** No other thread may compile until then: those that this one starts begin afterwards. */
const flagsSet = new Promise<void>((resolve) => {
  main.once("message", (released: SharedArrayBuffer) => {
    waitForCompilerFlags(released, () => main.postMessage("held"));
    resolve();
  });
});

const PRELOAD_MS = 150;

/** The language room is loaded on first need: kernel_info doesn't wait for the parser. */
let language: ReturnType<typeof loadLanguage> | undefined;
async function loadLanguage() {
  const room = await import("./language/index.ts");
  return { ...room, live: new room.LiveValues(mainThread(), () => interrupter.underWay) };
}
const withLanguage = () => (language ??= loadLanguage());

const source = import.meta.url.endsWith(".ts");
const file = (path: string) => new URL(path, import.meta.url);
const types = new TypesClient({
  entry: file(source ? "./language/service/thread.ts" : "./types-thread.js"),
  after: flagsSet,
  folder: process.cwd(),
  api: fileURLToPath(file(source ? "./api/index.ts" : "./types/api/index.d.ts")),
});

const server = await KernelServer.start(readConnection(data.connectionFile), {
  async complete(code, cursor) {
    const { completeCell, live } = await withLanguage();
    return { ...(await completeCell(types, live, code, cursor)) };
  },
  async inspect(code, cursor, detail) {
    const { inspectCell, live } = await withLanguage();
    return inspectCell(types, live, code, cursor, detail);
  },
  async isComplete(code) {
    const { isComplete } = await withLanguage();
    return { ...isComplete(code) };
  },
  note: (note) => monitor.note(note),
  types,
  async living() {
    const { live } = await withLanguage();
    return (await live.globals()).map(({ name }) => name);
  },
  interrupter,
  post,
  output,
  descriptors: data.descriptors,
  // Node waits for it otherwise, and says so.
  leave: () => inspector?.disconnect(),
});
main.postMessage("bound");
const monitor = new Monitor(books, (commId, message, buffers) => {
  server.sendComm(commId, message, buffers);
});
server.serveComm(MONITOR_TARGET, monitor);
const shared = new SharedBrowser((commId, message, buffers) => {
  server.sendComm(commId, message, buffers);
});
server.serveComm(EXCHANGE_TARGET, {
  open: (commId) => void flagsSet.then(() => shared.open(commId)),
  message: (commId, message) => void flagsSet.then(() => shared.message(commId, message)),
  close: (commId) => void flagsSet.then(() => shared.close(commId)),
});
const actions = new ActionGate({
  books,
  busy: () => server.busy,
  forward: (event) => post({ type: "comm", event }),
  answer: (commId, answer) => server.sendComm(commId, answer),
});
server.serveComm(ACTIONS_TARGET, actions);
onInterruptSignal(() => void server.interrupt());
onParentLost(() => server.end());
// The first completion finds its code loaded; the kernel's start is over by then.
setTimeout(() => void withLanguage(), PRELOAD_MS).unref();
