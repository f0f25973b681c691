// Reads traces that are CSV, piece by piece, so that a file may be larger than a string. Two formats are
// told apart by the names in their header: ours (op,id,bytes and others) and RMM's log
// (Action,Pointer,Size and others).
import { badTrace, type Trace, TraceBuilder } from "./trace.ts";

interface Format {
  op: string;
  id: string;
  bytes: string;
  allocs: readonly string[];
  frees: readonly string[];
  /** Actions that are left out. */
  ignored: readonly string[];
  /** The whole header, for messages. */
  header: string;
}

const FORMATS: readonly Format[] = [
  {
    ...{ op: "op", id: "id", bytes: "bytes" },
    ...{ allocs: ["alloc"], frees: ["free"], ignored: [] },
    header: "t,op,id,bytes,tag",
  },
  {
    ...{ op: "Action", id: "Pointer", bytes: "Size" },
    ...{ allocs: ["allocate"], frees: ["free", "deallocate"], ignored: ["allocate failure"] },
    header: "Thread,Time,Action,Pointer,Size,Stream",
  },
];

interface Columns {
  format: Format;
  op: number;
  id: number;
  bytes: number;
}

/** Parses a trace that is one text. `name` is for messages. Throws BAD_TRACE with the line. */
export function parseTrace(text: string, name = "trace"): Trace {
  const parser = new TraceParser(name);
  parser.push(text);
  return parser.done();
}

/** Parses a trace that comes in pieces of text, cut anywhere. */
export class TraceParser {
  readonly #name: string;
  readonly #builder = new TraceBuilder();
  #columns: Columns | undefined;
  #rest = "";
  #line = 0;

  /** `name` is for messages. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Throws BAD_TRACE with the line. */
  push(piece: string): void {
    const text = this.#rest + piece;
    let from = 0;
    for (;;) {
      const end = text.indexOf("\n", from);
      if (end < 0) break;
      this.#row(text.slice(from, end));
      from = end + 1;
    }
    this.#rest = text.slice(from);
  }

  done(): Trace {
    if (this.#rest !== "") this.#row(this.#rest);
    if (!this.#columns) {
      throw badTrace(this.#name, `wanted a header ${headers()}, found an empty file`);
    }
    return this.#builder.done();
  }

  #row(text: string): void {
    this.#line++;
    const row = (this.#line === 1 ? text.replace(/^\uFEFF/, "") : text).trim();
    if (row === "" || row.startsWith("#")) return;
    if (this.#columns) this.#operation(fieldsOf(row), this.#columns);
    else this.#columns = columnsOf(row, this.#name);
  }

  #operation(fields: string[], { format, op, id, bytes }: Columns): void {
    const action = fields[op]?.trim() ?? "";
    if (format.ignored.includes(action)) return;
    const key = fields[id]?.trim() ?? "";
    if (key === "") throw this.#bad(`wanted an id, found ${shown(fields.join(","))}`);
    if (format.frees.includes(action)) this.#builder.free(keyOf(key));
    else if (format.allocs.includes(action)) this.#allocate(key, fields[bytes]?.trim() ?? "");
    else {
      const known = [...format.allocs, ...format.frees].join(" or ");
      throw this.#bad(`wanted the operation ${known}, found ${shown(action)}`);
    }
  }

  #allocate(id: string, size: string): void {
    const bytes = Number(size);
    if (size === "" || !Number.isSafeInteger(bytes) || bytes < 0) {
      throw this.#bad(`wanted a size of 0 or more whole bytes, found ${shown(size)}`);
    }
    if (!this.#builder.allocate(keyOf(id), bytes)) {
      throw this.#bad(`${id} is allocated although it is still live`);
    }
  }

  #bad(what: string) {
    return badTrace(`${this.#name}, line ${this.#line}`, what);
  }
}

function columnsOf(header: string, name: string): Columns {
  const names = fieldsOf(header).map((column) => column.trim());
  for (const format of FORMATS) {
    const [op, id, bytes] = [format.op, format.id, format.bytes].map((it) => names.indexOf(it));
    if (op! >= 0 && id! >= 0 && bytes! >= 0) return { format, op: op!, id: id!, bytes: bytes! };
  }
  throw badTrace(name, `wanted a header ${headers()}, found ${shown(header)}`);
}

const headers = () => FORMATS.map(({ header }) => `"${header}"`).join(" or ");

const shown = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The fields of a row; quoted ones may hold commas and doubled quotes. */
function fieldsOf(row: string): string[] {
  if (!row.includes('"')) return row.split(",");
  const fields = row.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? [];
  return fields.map((field) => {
    const text = field.replace(/,$/, "");
    return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  });
}

/** Plain numbers are kept as such: text cut from a piece would keep the whole piece in memory. */
const keyOf = (id: string) => (/^[1-9]\d{0,14}$/.test(id) ? Number(id) : id);
