// Which column of an Arrow stream apache-arrow can't read, where it has failed: the library only says the type.
// Reads the flatbuffer of the stream's schema: Schema.fbs and Message.fbs of https://github.com/apache/arrow.

/** Types that apache-arrow does not know, by their number in Schema.fbs. */
const UNKNOWN: Readonly<Record<number, string>> = {
  22: "run-end encoded",
  25: "list view",
  26: "large list view",
};
const LAST_KNOWN = 26;
/** Types within types that are looked at: a hostile stream may lead in circles. */
const DEEPEST = 64;
const HEADER_SCHEMA = 1;

export interface Unreadable {
  /** The column's name, and those of what it lies in below that: ["trips", "item"]. */
  path: string[];
  type: string;
}

/** The first column of a type that is not read; undefined where there is none, or no schema to be found. */
export function unreadableColumn(stream: Uint8Array): Unreadable | undefined {
  try {
    const message = Table.root(stream.subarray(8)); // after the continuation mark and the length
    const schema = message.byte(1) === HEADER_SCHEMA ? message.table(2) : undefined;
    return firstUnreadable(schema?.tables(1) ?? [], []);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it leads out of the stream: no schema
    throw error;
  }
}

function firstUnreadable(fields: Table[], above: string[]): Unreadable | undefined {
  if (above.length > DEEPEST) return undefined;
  for (const field of fields) {
    const path = [...above, field.text(0)];
    const number = field.byte(2);
    const type = UNKNOWN[number] ?? (number > LAST_KNOWN ? `number ${number}` : undefined);
    if (type !== undefined) return { path, type };
    const found = firstUnreadable(field.tables(5), path);
    if (found) return found;
  }
  return undefined;
}

/** A table of a flatbuffer: https://flatbuffers.dev/internals. Throws RangeError where it leads outside. */
class Table {
  readonly #view: DataView;
  readonly #at: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  static root({ buffer, byteOffset, byteLength }: Uint8Array): Table {
    const view = new DataView(buffer, byteOffset, byteLength);
    return new Table(view, view.getUint32(0, true));
  }

  byte(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  table(field: number): Table | undefined {
    const at = this.#find(field);
    return at === undefined ? undefined : new Table(this.#view, this.#target(at));
  }

  tables(field: number): Table[] {
    const at = this.#find(field);
    if (at === undefined) return [];
    const vector = this.#target(at);
    const count = this.#view.getUint32(vector, true);
    if (vector + 4 + 4 * count > this.#view.byteLength) throw new RangeError("a vector too long");
    return Array.from(
      { length: count },
      (_, i) => new Table(this.#view, this.#target(vector + 4 + 4 * i)),
    );
  }

  text(field: number): string {
    const at = this.#find(field);
    if (at === undefined) return "";
    const text = this.#target(at);
    const { buffer, byteOffset } = this.#view;
    const length = this.#view.getUint32(text, true);
    return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + text + 4, length));
  }

  /** Where a field lies; undefined where it has its default. */
  #find(field: number): number | undefined {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#view.getUint16(vtable, true)) return undefined;
    const offset = this.#view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }

  #target(at: number): number {
    return at + this.#view.getUint32(at, true);
  }
}
