// Makes a folder that only its user may enter.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the folder if there is none, with its parents. Not `recursive`: where a file system refuses (/proc), Node tries for ever. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}
