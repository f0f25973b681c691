// What must be put right after a cell was terminated: a termination runs no `finally`. Rooms that keep
// state register here; the room that runs cells calls it once the cell has ended.

type Recover = (cell: number) => void;
const recoveries = new Set<Recover>();

/** Registers what to do after the cell with this execution count was terminated. Returns its undoing. */
export function onTermination(recover: Recover): () => void {
  recoveries.add(recover);
  return () => recoveries.delete(recover);
}

/** Puts everything right after a cell was terminated. */
export function recoverFrom(cell: number): void {
  for (const recover of recoveries) recover(cell);
}
