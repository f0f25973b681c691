// Makes a table ready to be written into an arena as an Arrow IPC stream, copying each byte once. The
// chunks become one record batch as they are copied where their types allow (batch.ts): reading costs time
// per batch. Other tables keep their chunks and go through apache-arrow's own writer, whose pieces are
// collected without a copy.
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { planBatch } from "./batch.ts";

type ArrowModule = typeof Arrow;

export interface Packed {
  bytes: number;
  write: (target: Uint8Array) => void;
}

/** apache-arrow's writer computes buffer sizes with 32-bit integers. */
const WRITER_LIMIT = 2 ** 31 - 8;
/** Ends an Arrow IPC stream. */
export const END_OF_STREAM = new Uint8Array(new Int32Array([-1, 0]).buffer);

/** Schema and dictionaries of a table, as the pieces with which its stream begins. */
export function packHead(arrow: ArrowModule, table: Arrow.Table): Head {
  const head = headWriter(arrow);
  head.reset(undefined, table.schema);
  for (const batch of table.batches) head.write(batch);
  head.writeMissing();
  return head;
}

export interface Head {
  readonly bytes: number;
  readonly pieces: Uint8Array[];
}

interface Writer extends Head {
  write(what: Arrow.Table | Arrow.RecordBatch): void;
}

/** Writes schemas and dictionaries, and what it is asked for besides; others take its pieces. */
export interface HeadWriter extends Writer {
  reset(sink: undefined, schema: Arrow.Schema): unknown;
  /** Dictionaries that no batch has. */
  writeMissing(): void;
  /** The batch itself, as the library writes it. */
  writeWhole(batch: Arrow.RecordBatch): void;
  /** What was written since the last call. */
  take(): Head;
}

export const headWriter = (arrow: ArrowModule): HeadWriter =>
  new (writers ??= makeWriters(arrow)).HeadWriter();

export function pack(arrow: ArrowModule, given: Arrow.Table): Packed {
  const rows = given.batches.filter((batch) => batch.numRows > 0); // others may lack children
  const table = new arrow.Table(given.schema, rows);
  let head: Head | undefined;
  const plan = planBatch(arrow, table, () => (head = packHead(arrow, table)).bytes);
  if (!plan || !head) {
    for (const batch of table.batches) checkBatch(batch);
    const all = new (writers ??= makeWriters(arrow)).PieceWriter();
    all.write(table); // and the end mark
    return { bytes: all.bytes, write: (target) => void writePieces(target, all.pieces) };
  }
  const { bytes, pieces } = head;
  return {
    bytes: bytes + plan.bytes + END_OF_STREAM.length,
    write: (target) => {
      const at = writePieces(target, pieces);
      plan.write(target.subarray(at, at + plan.bytes));
      target.set(END_OF_STREAM, at + plan.bytes);
    },
  };
}

/** Writes the pieces one after the other, and gives where they end. */
export function writePieces(target: Uint8Array, pieces: Uint8Array[]): number {
  let at = 0;
  for (const piece of pieces) {
    target.set(piece, at);
    at += piece.length;
  }
  return at;
}

/** Throws TOO_LARGE for what apache-arrow's writer can't write. */
export function checkBatch(batch: Arrow.RecordBatch): void {
  if (batch.numRows === 0 || batch.data.byteLength <= WRITER_LIMIT) return;
  throw new CenoteError(
    "TOO_LARGE",
    `a record batch has ${batch.data.byteLength} bytes, at most 2 GiB can be written`,
    { mend: "Split it into smaller batches: new Table([...]) of slices." },
  );
}

let writers: ReturnType<typeof makeWriters> | undefined;

/** The classes are made late, because apache-arrow is loaded late. */
function makeWriters(arrow: ArrowModule): {
  PieceWriter: new () => Writer;
  HeadWriter: new () => HeadWriter;
} {
  /** Collects what the stream writer writes. */
  class PieceWriter extends arrow.RecordBatchStreamWriter {
    readonly pieces: Uint8Array[] = [];
    bytes = 0;

    protected override _write(chunk: ArrayBufferView): this {
      if (chunk.byteLength > 0) {
        this.pieces.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        this.bytes += chunk.byteLength;
      }
      return this;
    }

    /** Also those that no batch has, for want of rows: pyarrow wants each at the start. */
    protected override _writeDictionaries(batch: Arrow.RecordBatch): this {
      super._writeDictionaries(batch);
      this.writeMissing();
      return this;
    }

    writeMissing(): void {
      for (const [id, type] of this._schema!.dictionaries) {
        if (this._seenDictionaries.has(id)) continue;
        const none = arrow.makeData({ type }) as Arrow.Data;
        this._writeDictionaryBatch(none, id);
        this._seenDictionaries.set(id, new arrow.Vector([none]));
      }
    }
  }
  /** Writes only the schema and the dictionaries. */
  class HeadWriter extends PieceWriter {
    protected override _writeFooter(): this {
      return this;
    }

    protected override _writeRecordBatch(batch: Arrow.RecordBatch): this {
      return this._writeDictionaries(batch);
    }

    /** The batch itself, as the library writes it. */
    writeWhole(batch: Arrow.RecordBatch): void {
      super._writeRecordBatch(batch);
    }

    /** What was written since the last call. */
    take(): { pieces: Uint8Array[]; bytes: number } {
      const taken = { pieces: this.pieces.splice(0), bytes: this.bytes };
      this.bytes = 0;
      return taken;
    }
  }
  return { PieceWriter, HeadWriter };
}
