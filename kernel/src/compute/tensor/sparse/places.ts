// The places of a sparse matrix, each once: elements at one place are added up, and those of one block are laid into it.
import { searchedRange } from "../search.ts";
import type { GpuTensor } from "../tensor.ts";
import { tidy } from "../tidy.ts";
import { made } from "./parts.ts";

/** Rows and columns, each pair once and in order, with what leads to them. */
export interface Places extends Disposable {
  /** Indices that bring what was given into the order of rows, then columns. */
  readonly order: GpuTensor;
  /** For each element in that order which place is its own, from 0 up. */
  readonly group: GpuTensor;
  readonly rows: GpuTensor;
  readonly columns: GpuTensor;
  readonly count: number;
}

/** The distinct pairs. One read-back, of their number. */
export async function placesOf(rows: GpuTensor, columns: GpuTensor): Promise<Places> {
  const { gpu } = rows;
  using ends = new DisposableStack();
  const [order, row, column, group] = tidy(() => {
    const byColumn = columns.argSort();
    const byRow = rows.take(byColumn).argSort();
    const by = byColumn.take(byRow);
    const [r, c] = [rows.take(by), columns.take(by)];
    const before = (x: GpuTensor) => x.slice([0, -1]).pad([[1, 0]], -1);
    const isNew = r.size === 0 ? r.ne(0) : r.ne(before(r)).or(c.ne(before(c)));
    return [by.compute(), r, c, isNew.cumSum().sub(1).compute()];
  }) as [GpuTensor, GpuTensor, GpuTensor, GpuTensor];
  for (const one of [order, group]) ends.use(one);
  using _row = row;
  using _column = column;
  using end = group.slice([-1, null]);
  const count = Number((await end.read())[0] ?? -1) + 1;
  const [ownRows, ownColumns] = tidy(() => {
    const first = made(gpu, searchedRange(group, 0, count), count);
    return [row.take(first), column.take(first)];
  });
  for (const one of [ownRows!, ownColumns!]) ends.use(one);
  const all = ends.move();
  return {
    order,
    group,
    rows: ownRows!,
    columns: ownColumns!,
    count,
    [Symbol.dispose]: () => all.dispose(),
  };
}
