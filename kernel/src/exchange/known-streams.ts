// Reads Arrow streams whose schema was read before: reading it again would take several times as long as all the
// rest. Versions of a table mostly have one schema.
import type * as Arrow from "apache-arrow";
import { type BatchPlan, batchOver, planOf } from "./batch-plan.ts";
import { checkSchema } from "./unreadable.ts";
import { takingOwnColumns } from "./wide-schema.ts";

/** Schemas that are remembered, and the bytes of the largest one's message. */
const SCHEMAS_KEPT = 256;
const LARGEST_SCHEMA = 16 * 1024;
const LARGEST_HEAD = 2 * LARGEST_SCHEMA;
const CONTINUATION = 0xffffffff;

/** What apache-arrow's reader of a stream does for one batch. */
interface BatchLoader {
  readonly schema: Arrow.Schema;
  _loadRecordBatch(header: unknown, body: Uint8Array, metadata: unknown): Arrow.RecordBatch;
}

/** What tables are made of. */
export type Decoded = Pick<Arrow.Table, "schema" | "batches">;

/** By the bytes of the schema's message. Schemas with dictionaries are none of them. */
const loaders = new Map<string, BatchLoader | undefined>();

/** Batches by the bytes before their buffers, in streams of one batch; and where their buffers end. */
const plans = new Map<string, { plan: BatchPlan; end: number }>();

/** What lies in these bytes; undefined where the stream has more to it than batches of a schema. */
export function readKnown(arrow: typeof Arrow, memory: Uint8Array): Decoded | undefined {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const schemaEnd = messageEnd(bytes, 0);
  if (schemaEnd === undefined || schemaEnd > LARGEST_SCHEMA) return undefined;
  const headEnd = messageEnd(bytes, schemaEnd);
  const isPlanned = headEnd !== undefined && headEnd <= LARGEST_HEAD && memory.byteOffset === 0;
  const head = isPlanned ? bytes.toString("latin1", 0, headEnd) : undefined;
  const known = head === undefined ? undefined : plans.get(head);
  if (known && isLast(bytes, known.end)) {
    const batch = batchOver(arrow, known.plan, memory.buffer);
    return { schema: known.plan.schema, batches: [batch] };
  }
  const read = readBatches(arrow, memory, bytes, schemaEnd);
  const [only, ...more] = read?.batches ?? [];
  const plan = head && only && more.length === 0 ? planOf(only, memory.buffer) : undefined;
  if (plan) {
    if (plans.size >= SCHEMAS_KEPT) plans.clear();
    const { bodyLength } = arrow.Message.decode(bytes.subarray(schemaEnd + 8, headEnd));
    plans.set(head!, { plan, end: headEnd! + bodyLength });
  }
  return read;
}

/** Whether a stream ends there. */
function isLast(bytes: Buffer, at: number): boolean {
  const end = messageEnd(bytes, at);
  return at <= bytes.length && (end === undefined || end === at + 8);
}

function readBatches(
  arrow: typeof Arrow,
  memory: Uint8Array,
  bytes: Buffer,
  schemaEnd: number,
): Decoded | undefined {
  let at = schemaEnd;
  const loader = loaderFor(arrow, bytes.subarray(0, at));
  if (!loader) return undefined;
  const batches: Arrow.RecordBatch[] = [];
  for (let end = messageEnd(bytes, at); end !== undefined && end > at + 8; ) {
    const message = arrow.Message.decode(bytes.subarray(at + 8, end));
    const after = end + message.bodyLength;
    const body = memory.subarray(end, after);
    // Misaligned bytes have to be copied, and what is cut off to be told of.
    if (!message.isRecordBatch() || body.length < message.bodyLength || body.byteOffset % 8 !== 0) {
      return undefined;
    }
    batches.push(loader._loadRecordBatch(message.header(), body, message.metadata));
    at = after;
    end = messageEnd(bytes, at);
  }
  return batches.length === 0 ? undefined : ofSchema(loader.schema, batches);
}

/** What lies in these bytes, by apache-arrow's own reader. Throws RangeError for a schema that is not looked through. */
export function readWhole(arrow: typeof Arrow, memory: Uint8Array): Decoded {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const end = messageEnd(bytes, 0);
  if (end === undefined) throw new RangeError("it does not begin with a message");
  checkSchema(bytes.subarray(0, end));
  const reader = arrow.RecordBatchReader.from(memory).open();
  return ofSchema(takingOwnColumns(arrow, reader.schema), reader.readAll());
}

/** apache-arrow gives columns that share a name the type of the last, in the schema of each batch. */
function ofSchema(schema: Arrow.Schema, batches: Arrow.RecordBatch[]): Decoded {
  for (const batch of batches) (batch as { schema: Arrow.Schema }).schema = schema;
  return { schema, batches };
}

/** Where the message at `at` ends; undefined where there is none. One without contents ends a stream. */
function messageEnd(bytes: Buffer, at: number): number | undefined {
  if (at + 8 > bytes.length || bytes.readUInt32LE(at) !== CONTINUATION) return undefined;
  const end = at + 8 + bytes.readUInt32LE(at + 4);
  return end <= bytes.length ? end : undefined;
}

function loaderFor(arrow: typeof Arrow, head: Buffer): BatchLoader | undefined {
  const key = head.toString("latin1");
  if (loaders.has(key)) return loaders.get(key);
  checkSchema(head);
  if (loaders.size >= SCHEMAS_KEPT) loaders.clear();
  const reader = arrow.RecordBatchReader.from(new Uint8Array(head)).open();
  const loader = (reader as unknown as { _impl: BatchLoader })._impl;
  const schema = takingOwnColumns(arrow, reader.schema);
  const known = schema.dictionaries.size === 0 ? loader : undefined;
  loaders.set(key, known);
  return known;
}
