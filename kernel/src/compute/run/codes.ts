// Codes of text columns that rows are grouped by again and again: a number for each different text, in their
// order. They are made when a column is grouped by for the second time, and lie in the pool beside it until its
// table goes; queries that run at the same time share them. Grouping by a number reads a word where a text takes
// two offsets and its bytes.
import { type Column, type ColumnStore, isText } from "../../columns/index.ts";
import type { NamedKey } from "../plan.ts";
import { node, type Typed } from "../typed.ts";
import { ranksOfFew, withColumns } from "./ranks.ts";
import { Scratch } from "./scratch.ts";

/** Different texts that are worth codes, at most, and their bytes. */
const MOST = { values: 1 << 14, bytes: 1 << 24 };

/** What is known of the texts of a column. */
interface Known {
  /** Groups of the last query by this column, and perhaps others. */
  groups: number;
  /** Undefined where it has too many different texts, of which a filter may show few. */
  codes: Promise<Column | undefined> | undefined;
  /** The same, once they are made. */
  made: Column | undefined;
}

const known = new WeakMap<ColumnStore, Map<string, Known>>();

export interface CodedKeys extends Disposable {
  /** The store, with the columns of codes among its own. */
  readonly store: ColumnStore;
  /** For each key the codes that stand for it, or itself. */
  readonly keys: readonly Typed[];
}

/** The keys, as codes where there are some or where they are worth making. */
export async function codedKeys(given: ColumnStore, keys: readonly NamedKey[]): Promise<CodedKeys> {
  const codes: (Column | undefined)[] = [];
  for (const { at } of keys)
    codes.push(isTextColumn(at) ? await codesOf(given, at.column!) : undefined);
  return coded(given, keys, codes);
}

/** The keys, as codes where those were made already. */
export function codesAtHand(given: ColumnStore, keys: readonly NamedKey[]): CodedKeys {
  const madeOf = ({ at }: NamedKey) => {
    const made = isTextColumn(at) ? known.get(given)?.get(at.column!)?.made : undefined;
    return made && isThere(made) ? made : undefined;
  };
  return coded(given, keys, keys.map(madeOf));
}

function coded(
  given: ColumnStore,
  keys: readonly NamedKey[],
  codes: readonly (Column | undefined)[],
): CodedKeys {
  const columns = codes.filter((column) => column !== undefined);
  const found = keys.map(({ at }, i) => {
    const column = codes[i];
    return column ? node("column", column.type, [], { column: column.name }) : at;
  });
  if (columns.length === 0) return { store: given, keys: found, [Symbol.dispose]() {} };
  const store = withColumns(given, columns);
  return { store, keys: found, [Symbol.dispose]: () => store.dispose() };
}

/** Remembers how many groups a query had. */
export function groupsSeen(store: ColumnStore, keys: readonly NamedKey[], groups: number): void {
  for (const { at } of keys) {
    if (!isTextColumn(at)) continue;
    const columns = known.get(store) ?? new Map<string, Known>();
    known.set(store, columns);
    const before = columns.get(at.column!);
    if (before) before.groups = groups;
    else columns.set(at.column!, { groups, codes: undefined, made: undefined });
  }
}

/** Blocks that were made in a scope went with it. */
const isThere = ({ chunks }: Column) => !chunks.some(({ block }) => block.disposed);

const isTextColumn = (at: Typed) => at.op === "column" && isText(at.type);

async function codesOf(store: ColumnStore, name: string): Promise<Column | undefined> {
  const facts = known.get(store)?.get(name);
  if (!facts || facts.groups > MOST.values) return undefined;
  if (facts.codes) {
    // What another query fails to make, this one does without.
    const made = await facts.codes.catch(() => undefined);
    if (!made || isThere(made)) return made;
  }
  const { pool } = store.gpu;
  const { chunks } = store.column(name);
  // All its texts may be different while they are looked for.
  const bytes = chunks.reduce((sum, { block }) => sum + block.bytes, store.rows * 4);
  if (bytes > (pool.budget - pool.stats().live) / 8) return undefined;
  const making = makeCodes(store, name);
  facts.codes = making;
  try {
    facts.made = await making;
    return facts.made;
  } catch (error) {
    facts.codes = undefined;
    throw error;
  }
}

async function makeCodes(store: ColumnStore, name: string): Promise<Column | undefined> {
  using scratch = new Scratch(store.gpu);
  const ranks = await ranksOfFew({ store, name }, MOST, scratch);
  if (!ranks) return undefined;
  const codes: Column = {
    ...ranks,
    name: `\u0001codes of ${name}`,
    type: CODES,
    dictionary: ranks.values,
  };
  store.hold(codes);
  scratch.keep(codes.chunks.map(({ block }) => block));
  return codes;
}

const CODES = { name: "dictionary<utf8>", kind: "code", bits: 32 } as const;
