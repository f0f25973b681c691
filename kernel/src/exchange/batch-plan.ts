// What a record batch is made of, without its memory: where in a stream its buffers lie. The next stream that begins
// with the same bytes has the same batch at the same places, so that nothing of it need be read again.
import type * as Arrow from "apache-arrow";

type TypedArrayMaker = new (memory: ArrayBufferLike, at: number, length: number) => object;

interface BufferPlan {
  make: TypedArrayMaker;
  at: number;
  length: number;
}

interface DataPlan {
  type: Arrow.DataType;
  offset: number;
  length: number;
  nullCount: number;
  /** In the order that `Data` takes them. One without elements is shared by all. */
  buffers: (BufferPlan | ArrayBufferView | undefined)[];
  children: DataPlan[];
}

export interface BatchPlan {
  schema: Arrow.Schema;
  metadata: Map<string, string>;
  data: DataPlan;
}

/** Of a batch that was read from that memory; undefined where a part of it lies elsewhere. */
export function planOf(batch: Arrow.RecordBatch, memory: ArrayBufferLike): BatchPlan | undefined {
  const data = planOfData(batch.data, memory);
  return data && { schema: batch.schema, metadata: batch.metadata, data };
}

function planOfData(data: Arrow.Data, memory: ArrayBufferLike): DataPlan | undefined {
  const { type, offset, length, valueOffsets, values, nullBitmap, typeIds } = data;
  if (data.dictionary || data.variadicBuffers.length > 0) return undefined;
  const given = [valueOffsets, values, nullBitmap, typeIds] as (ArrayBufferView | undefined)[];
  const buffers = given.map((buffer) => {
    if (!buffer || buffer.byteLength === 0) return buffer && emptied(buffer);
    return buffer.buffer === memory ? planOfBuffer(buffer) : undefined;
  });
  if (given.some((buffer, i) => buffer && !buffers[i])) return undefined;
  const children = data.children.map((child) => planOfData(child, memory));
  if (!children.every((child) => child !== undefined)) return undefined;
  // As it was said, not as `data.nullCount` counts where nothing was: that is of this memory.
  const { _nullCount: nullCount } = data as unknown as { _nullCount: number };
  return { type, offset, length, nullCount, buffers, children };
}

const makerOf = (buffer: ArrayBufferView) => buffer.constructor as TypedArrayMaker;

function planOfBuffer(buffer: ArrayBufferView): BufferPlan {
  const { length } = buffer as Uint8Array;
  return { make: makerOf(buffer), at: buffer.byteOffset, length };
}

/** One that holds no memory of a stream. */
function emptied(buffer: ArrayBufferView): ArrayBufferView {
  return new (makerOf(buffer))(new ArrayBuffer(0), 0, 0) as ArrayBufferView;
}

/** The batch over another memory. */
export function batchOver(
  arrow: typeof Arrow,
  { schema, metadata, data }: BatchPlan,
  memory: ArrayBufferLike,
): Arrow.RecordBatch {
  // Not by its constructor, which goes through the schema once more and takes most of the time.
  return Object.assign(Object.create(arrow.RecordBatch.prototype), {
    schema,
    data: dataOver(arrow, data, memory),
    _metadata: new Map(metadata),
  });
}

function dataOver(arrow: typeof Arrow, plan: DataPlan, memory: ArrayBufferLike): Arrow.Data {
  const buffers = plan.buffers.map((buffer) =>
    buffer && "make" in buffer ? new buffer.make(memory, buffer.at, buffer.length) : buffer,
  );
  const children = plan.children.map((child) => dataOver(arrow, child, memory));
  const { type, offset, length, nullCount } = plan;
  return new arrow.Data(type, offset, length, nullCount, buffers as never, children);
}
