// Looks at the schema of an Arrow stream before apache-arrow reads it, which follows whatever the stream says: one
// that refers to itself would never end. And where apache-arrow has failed, finds the column: the library only says
// the type. Schema.fbs and Message.fbs of https://github.com/apache/arrow.
import { FlatTable } from "./flatbuffer.ts";

/** Types that apache-arrow does not know, by their number in Schema.fbs. */
const UNKNOWN: Readonly<Record<number, string>> = {
  22: "run-end encoded",
  25: "list view",
  26: "large list view",
};
const LAST_KNOWN = 26;
/** Types within types. Other implementations read 64 at most. */
const DEEPEST = 64;
/** Fields at all depths, and entries of metadata; and the bytes of their texts. */
const MOST_ENTRIES = 1_000_000;
const MOST_TEXT = 64 * 1024 * 1024;
const HEADER_SCHEMA = 1;

export interface Unreadable {
  /** The column's name, and those of what it lies in below that: ["trips", "item"]. */
  path: string[];
  type: string;
}

/** Throws RangeError for a schema that leads outside of the stream, or is larger than any that is meant well. */
export function checkSchema(stream: Uint8Array): void {
  const schema = schemaOf(stream);
  if (!schema) throw new RangeError("it does not begin with a schema");
  const budget = { entries: MOST_ENTRIES, text: MOST_TEXT };
  for (const entry of schema.tables(2)) spendEntry(entry, budget);
  find(schema.tables(1), [], budget, () => false);
}

/** The first column of a type that is not read; undefined where there is none, or no schema to be found. */
export function unreadableColumn(stream: Uint8Array): Unreadable | undefined {
  try {
    const fields = schemaOf(stream)?.tables(1) ?? [];
    const budget = { entries: MOST_ENTRIES, text: MOST_TEXT };
    const path = find(fields, [], budget, (field) => unreadType(field) !== undefined);
    if (path) return { path: path.map((one) => one.text(0)), type: unreadType(path.at(-1)!)! };
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Undefined where the stream begins with another message. */
function schemaOf(stream: Uint8Array): FlatTable | undefined {
  const message = FlatTable.root(stream.subarray(8)); // after the continuation mark and the length
  return message.byte(1) === HEADER_SCHEMA ? message.table(2) : undefined;
}

interface Budget {
  entries: number;
  text: number;
}

function unreadType(field: FlatTable): string | undefined {
  const number = field.byte(2);
  return UNKNOWN[number] ?? (number > LAST_KNOWN ? `number ${number}` : undefined);
}

/**
 * The first field at any depth that is wanted, behind those that it lies in. Each is looked at as often as others
 * lead to it: so often would it be read.
 */
function find(
  fields: Iterable<FlatTable>,
  above: FlatTable[],
  budget: Budget,
  wanted: (field: FlatTable) => boolean,
): FlatTable[] | undefined {
  for (const field of fields) {
    if (above.length === DEEPEST) {
      throw new RangeError(`its types are nested more than ${DEEPEST} deep`);
    }
    spend(field.textBytes(0), budget);
    for (const entry of field.tables(6)) spendEntry(entry, budget);
    above.push(field);
    if (wanted(field)) return above;
    const found = find(field.tables(5), above, budget, wanted);
    if (found) return found;
    above.pop();
  }
  return undefined;
}

/** An entry of metadata: its key and its value. */
function spendEntry(entry: FlatTable, budget: Budget): void {
  spend(entry.textBytes(0) + entry.textBytes(1), budget);
}

function spend(text: number, budget: Budget): void {
  budget.entries--;
  budget.text -= text;
  if (budget.entries < 0 || budget.text < 0) {
    throw new RangeError(
      `it has more than ${MOST_ENTRIES} fields and entries of metadata, or ${MOST_TEXT} bytes of their texts`,
    );
  }
}
