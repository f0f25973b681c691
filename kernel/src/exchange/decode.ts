// Reads a table out of the bytes of its arena, and checks it against what its owner says of it.
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { protocolError } from "./frames.ts";
import { type Decoded, readKnown, readWhole } from "./known-streams.ts";
import { type Description, ownerText } from "./shared.ts";
import { unreadableColumn } from "./unreadable.ts";
import { readWideCodes } from "./wide-codes.ts";

/** What a table over these bytes is made of: its buffers are views of them. Throws PROTOCOL or UNSUPPORTED_TYPE. */
export function decode(arrow: typeof Arrow, memory: Uint8Array, { table }: Description): Decoded {
  const what = () => `${ownerText(table.owner)}: ${JSON.stringify(table.name)}`;
  let read: Decoded;
  try {
    read = readKnown(arrow, memory) ?? readWhole(arrow, memory);
  } catch (error) {
    const column = unreadableColumn(memory);
    if (column) {
      throw new CenoteError(
        "UNSUPPORTED_TYPE",
        `${what()}: column ${JSON.stringify(column.path.join("."))} is of the type ${column.type}, which apache-arrow does not read`,
        { mend: "Cast it before it is put, to list or to its plain values, or leave it out." },
      );
    }
    const why = error instanceof Error ? error.message : String(error);
    throw protocolError(`${what()} is not an Arrow stream that apache-arrow reads (${why})`);
  }
  const rows = read.batches.reduce((sum, batch) => sum + batch.numRows, 0);
  if (rows !== table.rows || read.schema.fields.length !== table.columnCount) {
    throw protocolError(
      `${what()}: wanted ${table.rows} rows of ${table.columnCount} columns, ` +
        `found ${rows} of ${read.schema.fields.length}`,
    );
  }
  readWideCodes(arrow, read);
  return read;
}
