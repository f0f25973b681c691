// The bytes that steps allocate at once, at most, before they run: of rows that are put in order, and of columns that
// are taken by their numbers.
import { type ColumnStore, type ColumnType, isNested, isText } from "../columns/index.ts";
import { mostBytes } from "./explain.ts";
import type { Plan } from "./plan.ts";
import { columnText, type Typed } from "./typed.ts";

/** What a step takes, at most, beside what is said in words. */
export interface Estimate {
  readonly bytes: number;
  /** Keys whose different values are found first: texts that are longer than words, and codes. */
  readonly ranked: readonly string[];
  /** What comes on top and is not known before. */
  readonly later?: string;
}

/** Blocks are a little larger than what is asked for, and small ones are not counted one by one. */
const SMALL = 1 << 16;

/** Words of a packed key of these columns, at most: a text of words takes 16 B and its end. */
function keyWords(keys: readonly Typed[]): number {
  const bits = keys.map(({ type }) => (isText(type) ? 136 : Math.max(type.bits, 1)) + 1);
  return Math.max(1, Math.ceil(bits.reduce((sum, each) => sum + each, 0) / 32));
}

const isRanked = ({ type }: Typed) => isText(type) || type.kind === "code";

/** Packing and sorting the rows of the largest chunk, and ranks of all rows. */
export function orderEstimate(store: ColumnStore, keys: readonly Typed[]): Estimate {
  const words = keyWords(keys);
  const most = Math.max(0, ...store.chunkRows);
  const ranges = Math.min(most, store.gpu.adapter.software ? 257 : 8193);
  const sort = most * (4 * words + Math.max(16, 4 + 4 * words)) + ranges * 1024;
  const ranked = keys.filter(isRanked);
  return {
    bytes: sort + ranked.length * store.rows * 5 + SMALL,
    ranked: ranked.map((at) => columnText(at.column ?? at.key)),
  };
}

/**
 * What a plan with these expressions more puts in the pool beside its source: nothing of columns that are taken as they
 * are, unless all are `copied`.
 */
export function rowsBytes(
  { source, where, limit, columns }: Plan,
  hidden: readonly Typed[],
  copied = where !== undefined || limit !== Number.POSITIVE_INFINITY,
): number {
  const store = source.store!;
  const outputs = new Map([...columns.values(), ...hidden].map((at) => [at.key, at]));
  const made = [...outputs.values()].filter(({ op }) => copied || op !== "column");
  const index = copied ? store.rows * 5 + 2 * SMALL : 0;
  return made.reduce((sum, at) => sum + mostBytes(store, at, limit), index);
}

/** The columns of a plan in `rows` different rows, and with nulls where some are missing. */
export function takenBytes({ source, columns, limit }: Plan, rows: number): number {
  const store = source.store!;
  const most = Math.min(store.rows, rows, limit);
  const share = store.rows === 0 ? 0 : most / store.rows;
  // Few rows may be those of the longest texts and lists.
  const sized = ({ type }: Typed) => isText(type) || isNested(type);
  const results = [...columns.values()].map((at) => {
    const all = mostBytes(store, at, limit);
    return (sized(at) ? all + most * 8 : all * share) + most / 8;
  });
  return results.reduce((sum, each) => sum + each + 256, most * 8 + SMALL);
}

/** Rows in the order of keys, and then `rows` of them taken. */
export function sortEstimate(plan: Plan, keys: readonly Typed[], rows: number): Estimate {
  const store = plan.source.store!;
  const { bytes, ranked } = orderEstimate(store, keys);
  const after = store.rows * 4 + takenBytes(plan, rows);
  return { bytes: rowsBytes(plan, keys) + Math.max(bytes, after), ranked };
}

/** Rows in order, and columns that are made of them on the host, or of `shifted` ones on the device. */
export function windowEstimate(
  plan: Plan,
  keys: readonly Typed[],
  made: readonly { readonly type: ColumnType; readonly of?: Typed }[],
): Estimate {
  const store = plan.source.store!;
  const { bytes, ranked } = orderEstimate(store, keys);
  const ofs = made.flatMap(({ of }) => of ?? []);
  const columns = made.map(({ of, type }): number =>
    of && (isText(type) || isNested(type))
      ? mostBytes(store, of, plan.limit)
      : (store.rows * (Math.max(type.bits, 32) + 1)) / 8 + 256,
  );
  const after = columns.reduce((sum, each) => sum + each, store.rows * 12 + SMALL);
  return { bytes: rowsBytes(plan, [...keys, ...ofs]) + Math.max(bytes, after), ranked };
}

/** Both tables with their keys, the right one in order, and the places of each left row's matches. */
export function joinEstimate(
  sides: readonly { readonly plan: Plan; readonly keys: readonly Typed[] }[],
  columns: readonly { readonly type: ColumnType }[],
): Estimate {
  const [left, right] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const [a, b] = sides.map(({ plan }) => plan.source.store!);
  const ordered = orderEstimate(b!, right.keys);
  const words = keyWords(right.keys);
  const probe = b!.rows * (4 * words + 4) + a!.rows * (4 * words + 13) + 2 * SMALL;
  // Right rows whose key is null are left out first; of a full join those of both sides are sought again.
  const rows = rowsBytes(left.plan, left.keys) + rowsBytes(right.plan, right.keys, true);
  const bits = columns.reduce((sum, { type }) => sum + type.bits + 1, 0);
  return {
    bytes: rows + ordered.ranked.length * a!.rows * 5 + Math.max(ordered.bytes, probe),
    ranked: ordered.ranked,
    later: `then ${Math.ceil(bits / 8) + 8} B for each row of the result, and its texts`,
  };
}
