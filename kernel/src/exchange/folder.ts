// The runtime folder: where each process that shares tables has its socket. Only its user may enter it.
// There is no other registry: who has a socket here that accepts a connection is a peer, and a socket
// that refuses one belonged to a process that was killed. python/cenote/_folder.py is its twin.
import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { CenoteError, makeFolder, native } from "../base/index.ts";

/** `sockaddr_un.sun_path` holds 108 bytes, the last of them zero. */
const SOCKET_PATH_LIMIT = 107;
const SUFFIX = ".sock";
/** What a socket is called until it listens, and the milliseconds after which it should long have. */
const UNFINISHED = ".new";
const OVERDUE_MS = 1000;
const MEND = "Set CENOTE_RUNTIME_DIR to a short path of your own, the same for every process.";

/**
 * Path of the folder: CENOTE_RUNTIME_DIR, else XDG_RUNTIME_DIR/cenote, else /tmp/cenote-<uid>.
 * XDG_RUNTIME_DIR counts only where it is a folder of this user's.
 */
export function runtimeFolder(): string {
  const chosen = process.env["CENOTE_RUNTIME_DIR"];
  if (chosen) return absolute(chosen);
  return ofSession(process.env["XDG_RUNTIME_DIR"] ?? "");
}

/** The setting that was looked at last, and the folder that it gives. */
let looked: { session: string; folder: string } | undefined;

function ofSession(session: string): string {
  if (looked?.session === session) return looked.folder;
  const found = session ? statSync(session, { throwIfNoEntry: false }) : undefined;
  const isOurs = found?.isDirectory() && found.uid === process.getuid?.();
  const folder = isOurs ? join(session, "cenote") : `/tmp/cenote-${process.getuid?.() ?? 0}`;
  looked = { session, folder };
  return folder;
}

/** A relative path as it was when it was first seen: a program may change its working directory. */
const absolutes = new Map<string, string>();
function absolute(path: string): string {
  let found = absolutes.get(path);
  if (found === undefined) absolutes.set(path, (found = resolve(path)));
  return found;
}

/** Makes the folder if there is none, checks that it is ours alone, and tidies it up. Throws RUNTIME_FOLDER. */
export function ensureFolder(): string {
  const folder = runtimeFolder();
  try {
    makeFolder(folder);
    const found = lstatSync(folder);
    if (!found.isDirectory()) {
      throw new Error(`wanted a folder, found ${found.isSymbolicLink() ? "a link" : "a file"}`);
    }
    if (found.uid !== process.getuid?.()) {
      throw new Error(
        `wanted a folder of user ${process.getuid?.()}, found one of user ${found.uid}`,
      );
    }
    if (found.mode & 0o077) chmodSync(folder, 0o700);
    removeUnfinished(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CenoteError(
      "RUNTIME_FOLDER",
      `${folder}: can't be used for Cenote's sockets (${why})`,
      {
        mend: MEND,
        cause: error,
      },
    );
  }
  return folder;
}

/**
 * Removes the sockets of processes that were killed before they listened. Not at once: one of another pid
 * namespace looks dead from here.
 */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^(\d+)-/.exec(name)?.[1];
    if (!name.endsWith(UNFINISHED) || pid === undefined) continue;
    if (processStart(Number(pid)) !== undefined) continue;
    const path = join(folder, name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > OVERDUE_MS) rmSync(path, { force: true });
  }
}

/** A path in the folder for this process's socket that no other process uses. Throws RUNTIME_FOLDER. */
export function newSocketPath(folder: string): string {
  const path = join(folder, `${process.pid}-${randomBytes(4).toString("hex")}${SUFFIX}`);
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_LIMIT) {
    throw new CenoteError(
      "RUNTIME_FOLDER",
      `${path}: a socket's path may have ${SOCKET_PATH_LIMIT} bytes, this one has ${bytes}`,
      { mend: MEND },
    );
  }
  return path;
}

/** A folder whose time of change is older than this when it is read has changed no more since. */
const SETTLED_MS = 50;
let scanned = { folder: "", changed: 0, at: 0, paths: [] as string[] };

/** Paths of all sockets in the folder; none where there is no folder. */
export function socketPaths(): readonly string[] {
  const folder = runtimeFolder();
  const addon = native();
  const changed = addon
    ? addon.modifiedAt(folder)
    : statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  if (changed === undefined) return [];
  const settled = scanned.at - scanned.changed > SETTLED_MS;
  if (settled && scanned.folder === folder && scanned.changed === changed) return scanned.paths;
  const at = Date.now();
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => join(folder, name));
  scanned = { folder, changed, at, paths };
  return paths;
}

/**
 * Start time of a living process, in a unit of the system's: a pair of pid and start is never reused.
 * Undefined when it has ended (a zombie has), 0 when that can't be found out, for want of descriptors for
 * example. Source: proc(5), /proc/pid/stat; macOS has none.
 */
export function processStart(pid: number): number | undefined {
  if (process.platform === "linux") return startInProc(pid);
  const began = native()?.processBegan?.(pid);
  if (began !== undefined) return began < 0 ? undefined : began;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
  }
  return 0;
}

function startInProc(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ESRCH" ? undefined : 0;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
}
