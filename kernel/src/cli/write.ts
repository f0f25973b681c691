// Writes what a command gives out.
import { writeFile } from "node:fs/promises";
import { CenoteError } from "../base/index.ts";

/** Writes a file. Throws BAD_FILE. */
export async function writeResult(file: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (cause) {
    throw new CenoteError("BAD_FILE", `${file} can't be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
