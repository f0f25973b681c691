// What `get` gives besides tables: tensors and sparse matrices over the same memory, and which table each is of.
import type * as Arrow from "apache-arrow";
import { type Sparse, sparseOf } from "./sparse.ts";
import { type Tensor, tensorOf } from "./tensors.ts";

/** What `get` gives, by the names of its option `as`. */
export interface Views {
  table: Arrow.Table;
  tensor: Tensor;
  sparse: Sparse;
}

const tables = new WeakMap<object, Arrow.Table>();

/** The table as that, and the bytes that had to be copied. Throws NOT_A_TENSOR or NOT_SPARSE. */
export function viewOf<As extends keyof Views>(
  arrow: typeof Arrow,
  table: Arrow.Table,
  name: string,
  as: As,
): { view: Views[As]; copied: number } {
  if (as === "table") return { view: table as Views[As], copied: 0 };
  const { tensor, copied } =
    as === "tensor"
      ? tensorOf(arrow, table, name)
      : { tensor: sparseOf(arrow, table, name), copied: 0 };
  tables.set(tensor, table);
  return { view: tensor as Views[As], copied };
}

/** The table that a view is of; a table is its own. */
export function tableBehind(view: Views[keyof Views]): Arrow.Table {
  return tables.get(view) ?? (view as Arrow.Table);
}
