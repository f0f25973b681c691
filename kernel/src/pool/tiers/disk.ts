// The disk tier: files in a private folder of this process, one a parcel. The folder goes when the process
// exits; that of a process that was killed goes when another one makes its own.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { cacheFolder, makeFolder } from "../../base/index.ts";
import { SpillHandle } from "./file.ts";

const NAME = /^cenote-spill-([0-9a-f]{8})-(\d+)-(\d+)$/;
/** One write or read of a file, at most. */
const PIECE_BYTES = 64 * 2 ** 20;
/** File systems that are memory: nothing is won by writing there (statfs, Linux). */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const DEFAULT_MOST = 16 * 2 ** 30;

export interface SpillFile {
  readonly path: string;
  readonly bytes: number;
}

/** Where the folders are: CENOTE_SPILL_DIR, else the user's cache folder. */
export function spillParent(): string {
  return process.env["CENOTE_SPILL_DIR"] || cacheFolder();
}

/** Half of what is free there, at most 16 GiB; 0 where the file system is memory or can't be looked at. */
export function defaultDiskBudget(parent = spillParent()): number {
  try {
    makeFolder(parent);
    const { type, bavail, bsize } = statfsSync(parent);
    return IN_MEMORY.has(type) ? 0 : Math.min(DEFAULT_MOST, Math.floor((bavail * bsize) / 2));
  } catch {
    return 0;
  }
}

export class SpillDisk {
  readonly parent: string;
  #folder: string | undefined;
  #files = 0;
  #closed = false;
  /** Bytes in files and being written. */
  used = 0;
  readonly #atExit = () => this.close();

  constructor(parent = spillParent()) {
    this.parent = parent;
  }

  /** The folder, made when it is first asked for. */
  get folder(): string {
    if (this.#closed) throw new Error("the pool was closed");
    if (this.#folder === undefined) {
      makeFolder(this.parent);
      sweep(this.parent);
      const folder = join(this.parent, `cenote-spill-${place()}-${process.pid}-${startOf("self")}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      process.once("exit", this.#atExit);
      this.#folder = folder;
    }
    return this.#folder;
  }

  /** Writes a file. Rejects when there is no space for it; then nothing of it is left. */
  async write(bytes: Uint8Array): Promise<SpillFile> {
    const file = { path: join(this.folder, `${++this.#files}`), bytes: bytes.byteLength };
    this.used += file.bytes;
    try {
      using handle = new SpillHandle(file.path, "wx", 0o600);
      for (let at = 0; at < bytes.byteLength; ) {
        at += await handle.write(bytes.subarray(at, at + PIECE_BYTES), at);
      }
    } catch (error) {
      this.remove(file);
      throw error;
    }
    return file;
  }

  /** Fills `into` with the file's bytes from `offset`. */
  async read(file: SpillFile, offset: number, into: Uint8Array): Promise<void> {
    using handle = new SpillHandle(file.path, "r");
    for (let at = 0; at < into.byteLength; ) {
      const bytes = await handle.read(into.subarray(at, at + PIECE_BYTES), offset + at);
      if (bytes === 0) throw new Error("the file ends before the block does");
      at += bytes;
    }
  }

  remove(file: SpillFile): void {
    this.used -= file.bytes;
    unlink(file.path).catch(() => {}); // it goes with the folder
  }

  /** Removes the folder with all that is in it. */
  close(): void {
    this.#closed = true;
    process.removeListener("exit", this.#atExit);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

/** Removes the folders of processes that have ended without doing so. */
export function sweep(parent = spillParent()): void {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return; // there is none
  }
  for (const name of names) {
    const [, where, pid, start] = NAME.exec(name) ?? [];
    if (where !== place() || startOf(pid!) === start) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Names what process numbers hold within: a home folder may be shared by machines and containers. */
function place(): string {
  let space = "";
  try {
    space = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux.
  }
  return createHash("sha256").update(`${hostname()} ${space}`).digest("hex").slice(0, 8);
}

/** When the process began, in the system's ticks; "0" where only its being can be told, "" if there is none. */
function startOf(pid: string): string {
  try {
    // Field 22; the second may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!;
  } catch {
    return process.platform === "linux" ? "" : isRunning(pid);
  }
}

function isRunning(pid: string): string {
  if (pid === "self") return "0";
  try {
    process.kill(Number(pid), 0);
    return "0";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "0" : "";
  }
}
