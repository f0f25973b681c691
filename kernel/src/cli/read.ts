// Reads files for the commands: text, and traces of every kind that can be replayed. gzip is told by a
// file's first bytes, and what kind of trace it is by the first bytes unpacked.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { CenoteError } from "../base/index.ts";
import { type Trace, TraceParser, traceOfSnapshot, traceOfTorch } from "../pool/index.ts";

const PIECE = 2 ** 20;
const PICKLE = 0x80;
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** The text of a file. Throws BAD_FILE. */
export async function readText(file: string): Promise<string> {
  return textOf(await readBytes(file), file);
}

/**
 * The trace in a file: CSV (ours, RMM's log), read piece by piece so that it may be of any size; a snapshot
 * of ours (JSON), or PyTorch's (a pickle). Throws BAD_FILE, BAD_TRACE, BAD_SNAPSHOT, BAD_PICKLE.
 */
export async function readTrace(file: string): Promise<Trace> {
  const stream = pieces(file)[Symbol.asyncIterator]();
  const first: Buffer = (await stream.next()).value ?? Buffer.alloc(0);
  const begin = first.find((byte) => !SPACE.has(byte));
  if (begin === PICKLE) return traceOfTorch(await joined(first, stream), file);
  if (begin === 0x7b) return traceOfSnapshot(textOf(await joined(first, stream), file), file);
  const parser = new TraceParser(file);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  parser.push(decoder.decode(first, { stream: true }));
  for (let next = await stream.next(); !next.done; next = await stream.next()) {
    parser.push(decoder.decode(next.value, { stream: true }));
  }
  parser.push(decoder.decode());
  return parser.done();
}

async function readBytes(file: string): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces(file)) all.push(piece);
  return Buffer.concat(all);
}

async function joined(first: Buffer, rest: AsyncIterator<Buffer>): Promise<Buffer> {
  const all = [first];
  for (let next = await rest.next(); !next.done; next = await rest.next()) all.push(next.value);
  return Buffer.concat(all);
}

function textOf(bytes: Buffer, file: string): string {
  try {
    return bytes.toString("utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw badFile(file, cause); // larger than a string can be
  }
}

/** A file's bytes in pieces, unpacked if need be. Throws BAD_FILE. */
async function* pieces(file: string): AsyncGenerator<Buffer> {
  try {
    const packed = await isGzip(file);
    const source = createReadStream(file, { highWaterMark: PIECE });
    if (!packed) {
      yield* source as AsyncIterable<Buffer>;
      return;
    }
    const unpacked = createGunzip({ chunkSize: PIECE });
    source.on("error", (error) => unpacked.destroy(error));
    yield* source.pipe(unpacked) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw badFile(file, cause);
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function badFile(file: string, cause: unknown): CenoteError {
  return new CenoteError("BAD_FILE", `${file} can't be read: ${(cause as Error).message}`, {
    cause,
  });
}
