// process.stdin of cells. Lines come from the frontend one by one, each when the kernel asks for it, which a
// stream that is read ahead can't do: reading fails with what to write instead, where it would wait for ever.
import { Readable } from "node:stream";
import { CenoteError } from "../base/index.ts";

class NoInput extends Readable {
  readonly fd = 0;
  readonly isTTY = false;

  /** Nothing keeps the kernel waiting for it anyway; programs call these. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.destroy(
      new CenoteError("NO_STDIN", "process.stdin can't be read in a notebook", {
        mend: 'Ask for a line of text so: const line = await input("Your name? ");',
      }),
    );
  }
}

export function installStdin(): void {
  let stream = new NoInput();
  const get = () => {
    if (stream.destroyed) stream = new NoInput();
    return stream;
  };
  Object.defineProperty(process, "stdin", { configurable: true, get });
}
