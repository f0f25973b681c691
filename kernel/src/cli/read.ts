// Reads a text file, packed by gzip or not.
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CenoteError } from "../base/index.ts";

/** The text of a file; gzip is told by its first bytes. Throws BAD_FILE. */
export async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await promisify(gunzip)(bytes);
  } catch (error) {
    throw new CenoteError("BAD_FILE", `${file} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return bytes.toString("utf8");
}
