// The console and the standard streams that cells see. Ours, because the built-in console's arguments are
// kept by the inspector, and because each line must be in the ring as soon as it is printed.
import { Console } from "node:console";
import { Writable } from "node:stream";
import type { CellOutput } from "./output.ts";

type Remap = (text: string) => string;

/** A stream whose writes are a cell's output. */
class OutputStream extends Writable {
  readonly #write: (text: string) => void;
  readonly #decoder = new TextDecoder();
  readonly fd: number;
  readonly isTTY = false;
  readonly columns = 100;

  constructor(fd: number, write: (text: string) => void) {
    super({ decodeStrings: false });
    this.fd = fd;
    this.#write = write;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.#write(typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true }));
    done();
  }
}

/**
 * Replaces console, process.stdout and process.stderr of this thread. `remap` turns positions in
 * generated code into those of the user's source.
 */
export function installConsole(output: CellOutput, remap: Remap): void {
  const writer = (name: "stdout" | "stderr") => (text: string) => {
    output.text(name, remap(text));
  };
  const streams = {
    stdout: new OutputStream(1, writer("stdout")),
    stderr: new OutputStream(2, writer("stderr")),
  };
  for (const name of ["stdout", "stderr"] as const) {
    Object.defineProperty(process, name, { configurable: true, get: () => streams[name] });
  }
  // The console writes without the stream's machinery: it prints a hundred thousand lines at a time.
  const direct = (name: "stdout" | "stderr") =>
    ({ write: writer(name) }) as unknown as NodeJS.WritableStream;
  const replacement = new Console({
    stdout: direct("stdout"),
    stderr: direct("stderr"),
    ignoreErrors: false,
    colorMode: false,
  });
  Object.defineProperty(globalThis, "console", {
    configurable: true,
    writable: true,
    value: replacement,
  });
}
