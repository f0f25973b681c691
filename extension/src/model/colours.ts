// Which colour stands for which cell. The colours themselves are CSS variables, --cenote-cell-0 and on.

/** Colours there are: the first for code outside any cell, the others for cells in turn. */
export const CELL_COLOURS = 9;

/** Index of a cell's colour. */
export function cellIndex(cell: number): number {
  return cell === 0 ? 0 : 1 + ((cell - 1) % (CELL_COLOURS - 1));
}
