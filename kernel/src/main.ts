// Entry of the kernel process: node main.js CONNECTION_FILE. Starts the wire thread at once, then makes
// this thread ready for cells. The only file, with wire-thread.ts, that joins threads and rooms.
import { once } from "node:events";
import { writeSync } from "node:fs";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { MessageChannel, Worker } from "node:worker_threads";
import {
  books,
  connectDisplay,
  connectOutlet,
  native,
  OutputWriter,
  setCompilerFlags,
  type ToMain,
  WORD,
} from "./base/index.ts";

const YOUNG = "--max-semi-space-size=16";
// The kernelspec gives Node these flags; whoever starts the kernel without them gets them here.
const FLAGS = [
  // An interrupt terminates code wherever it is, within a timer too. Node's books of async contexts are
  // then out of step, over which it would end the process.
  "--no-force-async-hooks-checks",
  // MiB. V8's own choice grows with the machine's memory, to 128 MiB of young objects in a long session.
  YOUNG,
];
if (!FLAGS.every((flag) => process.execArgv.includes(flag))) {
  const own = process.execArgv.filter((flag) => !FLAGS.includes(flag));
  const again = [...FLAGS, ...own, ...process.argv.slice(1)];
  process.execve?.(process.execPath, [process.execPath, ...again]);
}

const connectionFile = process.argv[2];
if (!connectionFile) {
  process.stderr.write("cenote: wanted the path of a connection file as the argument\n");
  process.exit(2);
}

const WARM_UP_MS = 100;

/** Our other entries: beside this file as .ts in the source, as .js in the bundle. */
const entry = (bundled: string, source: string) =>
  new URL(import.meta.url.endsWith(".ts") ? `./${source}.ts` : `./${bundled}.js`, import.meta.url);

/** From here on the standard streams are the notebook's, for child processes and native code too. */
const descriptors = native()?.guardProcess();
const terminal = descriptors?.terminal ?? 2;

const writer = new OutputWriter();
const heapLimit = Math.round(getHeapStatistics().heap_size_limit / 2 ** 20);
Atomics.store(writer.state, WORD.heapLimit, heapLimit);
// A thread's limit is the flag as it begins; messages that pass through need less than cells.
setFlagsFromString("--max-semi-space-size=4");
const { port1: port, port2: wirePort } = new MessageChannel();
const wire = new Worker(entry("wire-thread", "wire-thread"), {
  workerData: {
    connectionFile,
    port: wirePort,
    books: books().buffer,
    output: writer.buffer,
    descriptors,
  },
  transferList: [wirePort],
  execArgv: ["--expose-internals", "--no-warnings"], // for wire/signal.ts
});
wire.once("online", () => setFlagsFromString(YOUNG));
wire.on("error", (error) =>
  writeSync(terminal, `cenote: the wire thread failed: ${error.stack}\n`),
);
wire.on("exit", () => {
  // Without its wire a kernel is of no use, and nobody would read what it writes.
  Atomics.store(writer.state, WORD.closed, 1);
  process.exit(1);
});

// Where cores are few, what a frontend waits for comes first: that the wire's sockets are bound.
await once(wire, "message");
const { startCells, warmUp } = await import("./cells/index.ts");
const cells = startCells({
  writer,
  port,
  ownFolder: new URL(".", import.meta.url).href,
  apiUrl: entry("index", "api/index").href,
});
connectDisplay((request) => cells.output.display(request));
connectOutlet((note) => cells.output.event({ type: "note" }, note));
await setCompilerFlags((released) => {
  const held = once(wire, "message");
  wire.postMessage(released);
  return held;
});
// Messages have waited in the port. Each is a task of its own, so that an interrupt ends nothing but a cell.
Atomics.store(writer.state, WORD.ready, 1);
port.on("message", (message: ToMain) => cells.receive(message));
// Not at once: where cores are few, the wire's start needs them.
setTimeout(() => void warmUp(), WARM_UP_MS);
