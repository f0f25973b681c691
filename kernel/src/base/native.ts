// Finds and loads the native addon (native/src), and says why not where it can't. Without it tables
// cross by a copy that is counted, and a kernel neither sees what child processes print nor survives a
// full heap. Several threads load it: what it knows is the process's.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The addon's functions. Sizes and offsets are in bytes; failures throw Error with a `code`. */
export interface Native {
  /** Memory that others can only read, and this process's one writable mapping of it. */
  createArena(name: string, bytes: number): { fd: number; mapping: number };
  /**
   * Maps another's arena to be read: a sealed memfd copy-on-write; POSIX shared memory so that who writes there dies.
   * Refuses what is too small, and memfds that could be shrunk.
   */
  mapArena(fd: number, bytes: number): number;
  /** Memory that the peer which gets its descriptor writes to as well. */
  createSheet(bytes: number): { fd: number; mapping: number };
  /** Maps another's sheet: what is written there reaches its owner. Refuses what `mapArena` does. */
  mapSheet(fd: number, bytes: number): number;
  /** Lets go of a mapping; its pages stay until its last view is gone. */
  unmapArena(mapping: number): boolean;
  /** Drops this process's own copies of the pages it wrote to in a copy-on-write mapping. */
  forgetWrites(mapping: number, offset: number, bytes: number): void;
  /** An ArrayBuffer of 1 B or more over a range of a mapping. */
  view(mapping: number, offset: number, bytes: number): ArrayBuffer;
  detach(view: ArrayBuffer): void;
  addressOf(view: ArrayBuffer): bigint;
  /** Sends bytes with a descriptor; returns how many were sent, −1 when the socket is full. */
  sendDescriptor(socket: number, bytes: Uint8Array, fd: number): number;
  /** Connects, sends the frame, and gives the descriptor that comes back. */
  receiveDescriptor(path: string, frame: Uint8Array, timeoutMs: number): Promise<number>;
  /**
   * Blocks for what comes on a socket or a pipe within that time: empty when the peer has closed the
   * connection, undefined when nothing has come.
   */
  receiveNow(socket: number, microseconds: number): Buffer | undefined;
  /** Sends what the socket takes at once; returns how many bytes, −1 when it is full or the peer has gone. */
  sendNow(socket: number, bytes: Uint8Array): number;
  peerCredentials(socket: number): { pid: number; uid: number };
  closeDescriptor(fd: number): void;
  /** When the file was changed, in milliseconds since the epoch; undefined where there is none. */
  modifiedAt(path: string): number | undefined;
  /** Guards this process, once; see ProcessDescriptors. */
  guardProcess(): ProcessDescriptors;
  /** V8 has been asked to stop the code of the guarded thread, which may wait for that. */
  stopAsked(): void;
  /**
   * On macOS: when a process began, in microseconds since the epoch; 0 where that can't be found out, −1 where it has
   * ended.
   */
  processBegan?(pid: number): number;
}

/** Of a guarded process. All but `terminal` are for another thread to read. */
export interface ProcessDescriptors {
  /** What child processes and native code write to the standard streams. */
  stdout: number;
  stderr: number;
  /**
   * "h": the heap of the thread that called is nearly full, and its code is to be stopped. "x": that thread
   * aborts, and waits for the process to be ended.
   */
  alarm: number;
  /** Where stderr went before. */
  terminal: number;
}

export interface NativeStatus {
  available: boolean;
  /** The addon's file, where it was found. */
  path?: string;
  /** Why it is not available, and what to do about it. */
  reason?: string;
}

/** Kinds of shared memory by system. What macOS has was never tried there, and is to be asked for. */
const KINDS: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ["memfd", "shm"],
  darwin: ["shm"],
};

let loaded: { native: Native | undefined; status: NativeStatus } | undefined;

/** Whether tables can cross without a copy, and if not, why. */
export function nativeStatus(): NativeStatus {
  loaded ??= load();
  return loaded.status;
}

/** The addon, or undefined where there is none. */
export function native(): Native | undefined {
  loaded ??= load();
  return loaded.native;
}

function load(): { native: Native | undefined; status: NativeStatus } {
  const without = (reason: string, path?: string) => ({
    native: undefined,
    status: { available: false, reason, ...(path === undefined ? {} : { path }) },
  });
  const off = process.env["CENOTE_NO_NATIVE"];
  if (off !== undefined && off !== "" && off !== "0") return without("CENOTE_NO_NATIVE is set");
  const kind = process.env["CENOTE_SEGMENT"] || (process.platform === "linux" ? "memfd" : "none");
  const kinds = KINDS[process.platform];
  if (!kinds) return without(`no shared memory for ${process.platform}; tables are copied`);
  if (!kinds.includes(kind)) {
    return without(
      `CENOTE_SEGMENT: wanted ${kinds.join(" or ")} on ${process.platform}, found ${kind}; tables are copied`,
    );
  }
  const path = find();
  if (path === undefined) {
    return without(
      "native/build/cenote.node is missing: run `node native/build.mjs` (needs a C compiler)",
    );
  }
  try {
    return {
      native: createRequire(import.meta.url)(path) as Native,
      status: { available: true, path },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return without(
      `the addon does not load (${why}): delete native/build and run \`node native/build.mjs\``,
      path,
    );
  }
}

/** Upwards from this file, which lies in kernel/src/exchange or, bundled, in kernel/dist. */
function find(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, "native", "build", "cenote.node");
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}
