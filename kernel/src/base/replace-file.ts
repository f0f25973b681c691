// Writes a whole file so that others see the old text or the new one, and never a part.
import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./make-folder.ts";

/** Replaces the file, or makes it with its folders. Throws what the file system does, and leaves nothing behind. */
export function replaceFile(file: string, text: string): void {
  makeFolder(dirname(file));
  const scratch = `${file}.${process.pid}.${randomUUID()}`;
  try {
    writeFileSync(scratch, text);
    renameSync(scratch, file);
  } catch (error) {
    rmSync(scratch, { force: true });
    throw error;
  }
}
