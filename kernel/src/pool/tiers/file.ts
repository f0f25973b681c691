// A file of the disk tier. It is closed also when it was dropped: an interrupt runs no `finally` in what it
// cuts short. (Node's own FileHandle does so too, but warns, and means to throw one day.)
import { closeSync, openSync, read as readLater, write as writeLater } from "node:fs";
import { promisify } from "node:util";
import { guarded } from "../../base/index.ts";

const read = promisify(readLater);
const write = promisify(writeLater);
const dropped = new FinalizationRegistry<number>((fd) => closeSync(fd));

export class SpillHandle implements Disposable {
  readonly #fd: number;

  /** Throws what openSync throws. `mode`: of a file that is made. */
  constructor(path: string, flags: "r" | "wx", mode?: number) {
    this.#fd = guarded(() => {
      const fd = openSync(path, flags, mode);
      dropped.register(this, fd, this);
      return fd;
    });
  }

  /** Returns the number of bytes written, maybe fewer than given. */
  async write(piece: Uint8Array, at: number): Promise<number> {
    return (await write(this.#fd, piece, 0, piece.byteLength, at)).bytesWritten;
  }

  /** Returns the number of bytes read; 0 at the file's end. */
  async read(into: Uint8Array, at: number): Promise<number> {
    return (await read(this.#fd, into, 0, into.byteLength, at)).bytesRead;
  }

  /** Once. */
  [Symbol.dispose](): void {
    guarded(() => {
      dropped.unregister(this);
      closeSync(this.#fd);
    });
  }
}
