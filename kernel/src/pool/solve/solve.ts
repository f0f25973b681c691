// Places a problem as low as it can in the time it is given: greedily in several orders, then, where that
// is not enough and there is time, by improving the best order and by search.
import { improve, ORDERS, placeInOrder } from "./greedy.ts";
import { type Placement, type Problem, peakLoad } from "./problem.ts";
import { search } from "./search.ts";

/** The search is for problems that are hard, not large: its nodes cost as much as there are buffers. */
const SEARCH_AT_MOST = 600;
/** Before a search, improving gets half of the time, and no more than this. */
const IMPROVE_MS = 500;

export interface SolveOptions {
  /** Height that is low enough. Default: the peak load, below which there is nothing. */
  capacity?: number;
  /** Milliseconds after which no further attempt is begun; the first always is made. Default 50. */
  milliseconds?: number;
}

/** The lowest placement found. */
export function solve(problem: Problem, options: SolveOptions = {}): Placement {
  const began = performance.now();
  const left = () => (options.milliseconds ?? 50) - (performance.now() - began);
  const enough = options.capacity ?? peakLoad(problem);
  let best: Placement | undefined;
  let bestOrder: Uint32Array = new Uint32Array(0);
  for (const by of ORDERS) {
    if (best && (best.height <= enough || left() <= 0)) return best;
    const order = by(problem);
    const placement = placeInOrder(problem, order);
    if (best && placement.height >= best.height) continue;
    best = placement;
    bestOrder = order;
  }
  if (best!.height <= enough || left() <= 0) return best!;
  const searchable = problem.count <= SEARCH_AT_MOST;
  const share = searchable ? Math.min(left() / 2, IMPROVE_MS) : left();
  best = improve(problem, best!, bestOrder, enough, share);
  if (best.height <= enough || left() <= 0 || !searchable) return best;
  const offset = search(problem, enough, { milliseconds: left() });
  return offset instanceof Float64Array ? { offset, height: enough } : best;
}
