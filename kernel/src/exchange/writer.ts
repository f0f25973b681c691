// Writes record batches into the arena one by one, and shares them as one table at the end. Each is copied there
// as it comes, once, and there is never a whole table elsewhere. python/cenote/_writer.py is its twin.
import type * as Arrow from "apache-arrow";
import { CenoteError, formatBytes, shown } from "../base/index.ts";
import type { Reserved } from "./arenas.ts";
import { planBatch } from "./batch.ts";
import { DTYPES, type Dtype, elementType } from "./columns.ts";
import type { Owner } from "./owner.ts";
import { checkBatch, END_OF_STREAM, type HeadWriter, headWriter, writePieces } from "./packed.ts";
import type { SharedTable } from "./shared.ts";
import { type Puttable, toTable } from "./to-table.ts";
import { isPlain } from "./values.ts";
import { takingOwnColumns } from "./wide-schema.ts";

/** A column's type: one of Arrow's, or the name of a common one. */
export type ColumnType = Arrow.DataType | Dtype | "bool" | "utf8";

/** What a writer's schema can be made of. */
export type SchemaLike = Arrow.Schema | Readonly<Record<string, ColumnType>>;

/** What a writer needs of those who share. */
export interface WriterHost {
  owner: Owner;
  share(name: string, head: Arrow.Table, rows: number, written: Reserved): SharedTable;
}

export class Writer {
  readonly name: string;
  readonly schema: Arrow.Schema;
  /** What was shared, once it is. */
  shared: SharedTable | undefined;
  #rows = 0;
  /** Undefined once it has ended. */
  #room: Reserved | undefined;
  readonly #arrow: typeof Arrow;
  readonly #host: WriterHost;
  readonly #head: HeadWriter;
  readonly #ownColumns: Arrow.Schema;

  constructor(
    arrow: typeof Arrow,
    host: WriterHost,
    name: string,
    schema: Arrow.Schema,
    capacity: number,
  ) {
    this.#arrow = arrow;
    this.#host = host;
    this.name = name;
    this.schema = schema;
    const { fields, metadata, dictionaries } = schema;
    const copy = new arrow.Schema(fields, metadata, dictionaries); // the other is others' as well
    this.#ownColumns = takingOwnColumns(arrow, copy);
    this.#head = headWriter(arrow);
    this.#room = host.owner.reserve(capacity);
    forgotten.register(this, this.#room, this);
    this.#head.reset(undefined, schema);
    this.#add(this.#head.take());
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Writes a table, a record batch, or whatever else `put` takes, of the writer's schema. Throws NOT_ARROW for
   * another schema; TOO_LARGE or HOST_MEMORY, after which the writer has ended; WRITER_CLOSED.
   */
  write(data: Puttable): void {
    this.#checkOpen();
    const table = toTable(this.#arrow, data);
    this.#checkSchema(table.schema);
    for (const { data: rows } of table.batches) {
      if (rows.length === 0) continue; // its columns may have no data at all
      this.#checkNulls(this.schema.fields, rows, []);
      this.#writeBatch(new this.#arrow.RecordBatch(this.#ownColumns, this.#asSchema(rows)));
    }
  }

  /** Ends the table and shares it: others see it when this returns. Throws TOO_LARGE, WRITER_CLOSED. */
  close(): SharedTable {
    const room = this.#checkOpen();
    this.#add({ pieces: [END_OF_STREAM], bytes: END_OF_STREAM.length });
    this.#end();
    const head = new this.#arrow.Table(this.schema);
    this.shared = this.#host.share(this.name, head, this.#rows, room);
    return this.shared;
  }

  /** Forgets what was written. Nothing was visible. Does nothing after the end. */
  abort(): void {
    const room = this.#room;
    this.#end();
    room?.giveUp();
  }

  /** A block that is left without `close` shares nothing. */
  [Symbol.dispose](): void {
    this.abort();
  }

  #end(): void {
    this.#room = undefined;
    forgotten.unregister(this);
  }

  #writeBatch(batch: Arrow.RecordBatch): void {
    this.#head.write(batch); // the dictionaries that are new in it
    const { pieces, bytes } = this.#head.take();
    const table = new this.#arrow.Table([batch]);
    const plan = planBatch(this.#arrow, table, () => this.#room!.written + bytes);
    if (plan) {
      this.#add({ pieces, bytes });
      this.#fill(plan.bytes, plan.write);
    } else {
      checkBatch(batch);
      this.#head.writeWhole(batch);
      const whole = this.#head.take();
      this.#add({ pieces: [...pieces, ...whole.pieces], bytes: bytes + whole.bytes });
    }
    this.#rows += batch.numRows;
  }

  #add({ pieces, bytes }: { pieces: Uint8Array[]; bytes: number }): void {
    if (bytes > 0) this.#fill(bytes, (target) => void writePieces(target, pieces));
  }

  /** Half a batch can't stay: whatever goes wrong here ends the writer. */
  #fill(bytes: number, write: (target: Uint8Array) => void): void {
    const room = this.#room!;
    try {
      if (room.written + bytes > room.bytes) throw this.#full();
      room.add(bytes, write);
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** The rows with the schema's own types: dictionaries are known by the ids in them. */
  #asSchema(rows: Arrow.Data): Arrow.Data<Arrow.Struct> {
    const { Struct, Data } = this.#arrow;
    const children = rows.children.map((child, i) => retyped(child, this.schema.fields[i]!.type));
    const { offset, length, nullCount, buffers } = rows;
    return new Data(
      new Struct(this.schema.fields),
      offset,
      length,
      nullCount,
      buffers as Arrow.Data<Arrow.Struct>["buffers"],
      children,
    );
  }

  #checkSchema(found: Arrow.Schema): void {
    const [wanted, given] = [fieldsOf(this.schema), fieldsOf(found)];
    if (given === wanted) return;
    throw new CenoteError(
      "NOT_ARROW",
      `${JSON.stringify(this.name)}: wanted a batch of ${brief(wanted)}, found ${brief(given)}`,
      { mend: "Bring it into the writer's schema first: the same columns, types and order." },
    );
  }

  /** Nulls where the schema has none; those in lists are not looked for. */
  #checkNulls(fields: readonly Arrow.Field[], { children }: Arrow.Data, above: string[]): void {
    for (const [i, { name, nullable, type }] of fields.entries()) {
      const column = children[i]!;
      const path = [...above, name];
      if (!nullable && column.nullCount > 0) {
        throw new CenoteError(
          "NOT_ARROW",
          `${JSON.stringify(this.name)}: column ${JSON.stringify(path.join("."))}: wanted no nulls, found ${column.nullCount}`,
          { mend: "Fill them first, or make the column nullable in the writer's schema." },
        );
      }
      // What is within a null has no value of its own.
      const struct = this.#arrow.DataType.isStruct(type) && column.nullCount === 0;
      if (struct) this.#checkNulls(type.children, column, path);
    }
  }

  #checkOpen(): Reserved {
    if (this.#room) return this.#room;
    const quoted = JSON.stringify(this.name);
    throw new CenoteError(
      "WRITER_CLOSED",
      `${quoted}: wanted an open writer, found one that has ended`,
      { mend: `Begin a new one: await writer(${quoted}, schema).` },
    );
  }

  #full(): CenoteError {
    return new CenoteError(
      "TOO_LARGE",
      `${JSON.stringify(this.name)}: wanted at most ${formatBytes(this.#room!.bytes)} in all, found more after ${this.#rows.toLocaleString("en")} rows`,
      { mend: "Give it more room: await writer(name, schema, { capacity: bytes })." },
    );
  }
}

/** Writers that were collected while they were open give their room back. */
const forgotten = new FinalizationRegistry<Reserved>((room) => room.giveUp());

/** The data as of that type, which differs at most in the ids of dictionaries. */
function retyped(data: Arrow.Data, type: Arrow.DataType): Arrow.Data {
  const types = type.children ?? [];
  const children = data.children.map((one, i) => retyped(one, types[i]?.type ?? one.type));
  const { offset, length, nullCount } = data;
  return data.clone(type, offset, length, nullCount, data as never, children); // itself has its buffers
}

/** Names and types of the columns. */
const fieldsOf = ({ fields }: Arrow.Schema) =>
  fields.map(({ name, type }) => `${name}: ${type}`).join(", ");

const brief = (text: string) =>
  text === "" ? "no columns" : text.length <= 400 ? text : `${text.slice(0, 399).toWellFormed()}…`;

/** The schema. Throws BAD_SCHEMA. */
export function toSchema(arrow: typeof Arrow, given: unknown): Arrow.Schema {
  const from = given as Record<string, unknown> | null | undefined;
  if (typeof from === "object" && from !== null) {
    if (Array.isArray(from["fields"]) && from["metadata"] instanceof Map) {
      return given as Arrow.Schema;
    }
    if (isPlain(from)) {
      const columns = Object.entries(from).map(
        ([name, type]) => new arrow.Field(name, columnType(arrow, name, type), true),
      );
      return new arrow.Schema(columns);
    }
  }
  throw badSchema(`found ${shown(given)}`);
}

function columnType(arrow: typeof Arrow, name: string, type: unknown): Arrow.DataType {
  if (type === "bool") return new arrow.Bool();
  if (type === "utf8") return new arrow.Utf8();
  if (DTYPES.includes(type as Dtype)) return elementType(arrow, type as Dtype);
  // Fields, vectors and data have a typeId too, and a type of their own.
  const known = typeof type === "object" && type !== null && "typeId" in type && !("type" in type);
  if (known) return type as Arrow.DataType;
  throw badSchema(`column ${JSON.stringify(name)}: found ${shown(type)}`);
}

function badSchema(found: string): CenoteError {
  return new CenoteError("BAD_SCHEMA", `schema: wanted columns and their types, ${found}`, {
    mend: `An Arrow Schema, or { name: type, … }; a type is one of Arrow's, or one of ${[...DTYPES, "bool", "utf8"].join(", ")}.`,
  });
}
