// Where what is kept for a user lies, by the XDG Base Directory Specification.
import { lstatSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "./make-folder.ts";

/** What can be made again: self-tests, measured kernels, spilled blocks. Throws where there is no place for it. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env["XDG_CACHE_HOME"] || join(home(), ".cache"), "cenote");

/** What should last, as the history. Throws where there is no place for it. */
export const dataFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env["XDG_DATA_HOME"] || join(home(), ".local", "share"), "cenote");

/** Containers run as users who have neither HOME nor an entry in the system's list: those get a folder of their own. */
function home(): string {
  try {
    return homedir();
  } catch {
    const uid = process.getuid?.();
    const folder = join(tmpdir(), `cenote-home-${uid}`);
    makeFolder(folder);
    const found = lstatSync(folder);
    if (found.isDirectory() && found.uid === uid) return folder;
    throw new Error(
      `this user has no home, and ${folder} is another's: set HOME, or XDG_CACHE_HOME and XDG_DATA_HOME`,
    );
  }
}
