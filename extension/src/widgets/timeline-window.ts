// Which stretch of the timeline's axis is shown: the latest while it follows, else the one that was chosen.
import type { Focus, Stretch } from "../model/focus.ts";
import type { PoolModel } from "../model/pool-model.ts";

/** The least that is shown at once, in milliseconds, so that a first sample doesn't fill the picture. */
const LEAST_MS = 2000;
/** The least that can be chosen, in milliseconds: records are dated no finer. */
const LEAST_CHOSEN_MS = 1;

/** Places on the axis (milliseconds). */
export interface Extent {
  from: number;
  to: number;
}

/** The extent to show; `range`: milliseconds of it while it follows, Infinity for all. */
export function extentOf(model: PoolModel, focus: Focus, range: number, end: number): Extent {
  const line = model.timeline;
  const { stretch } = focus;
  if (stretch) return { from: line.placeOf(stretch.from), to: line.placeOf(stretch.to) };
  const to = line.placeOf(end);
  const first = model.cells[0];
  const firstCell = first ? line.placeOf(first.begin) : Number.POSITIVE_INFINITY;
  const begin = line.length > 0 ? Math.min(line.place[0]!, firstCell) : to;
  return { from: to - Math.max(LEAST_MS, Math.min(range, to - begin)), to };
}

/** The stretch between two places of the axis, in either order. */
export function stretchBetween(model: PoolModel, a: number, b: number): Stretch {
  const line = model.timeline;
  const from = line.timeOf(Math.min(a, b));
  return { from, to: Math.max(line.timeOf(Math.max(a, b)), from + LEAST_CHOSEN_MS) };
}

/** The extent's stretch, narrower by the factor `zoom` (below 1) or wider (above), about a share of its width. */
export function zoomed(
  model: PoolModel,
  { from, to }: Extent,
  share: number,
  zoom: number,
): Stretch {
  const width = to - from;
  const about = from + share * width;
  return stretchBetween(model, about - share * width * zoom, about + (1 - share) * width * zoom);
}
