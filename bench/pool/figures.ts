// What the sections of the pool's bench share: medians, turns, and telling a figure to bench/pool.ts.

/** One row of the bench's last table. */
export interface Figure {
  name: string;
  found: string;
  goal: string;
  /** Whether the goal is met; left out where there is none. */
  met?: boolean;
}

/** Prints a figure, and tells it to the bench that started this section, if one did. */
export function tell(figure: Figure): void {
  console.log(`  ${figure.name}: ${figure.found}${figure.goal ? `   (goal ${figure.goal})` : ""}`);
  process.send?.(figure);
}

export const median = (values: number[]): number => quantile(values, 0.5);

export function quantile(values: number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export interface Contender {
  name: string;
  /** Does it so many times: the loop is the contender's, because calling it would cost as much as a pair. */
  run(count: number): void;
}

/**
 * Median microseconds of one run of each contender: they take turns, in batches, so that what else the
 * machine does meets all of them alike. `settle` runs after each turn of all, outside the times.
 */
export async function race(
  contenders: readonly Contender[],
  { rounds, batch, settle }: { rounds: number; batch: number; settle?: () => Promise<void> },
): Promise<number[]> {
  const times = contenders.map((): number[] => []);
  const warmUp = Math.ceil(rounds / 5);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const began = performance.now();
      contender.run(batch);
      if (round >= 0) times[i]!.push(((performance.now() - began) * 1000) / batch);
    }
    await settle?.();
  }
  return times.map(median);
}

export const ns = (microseconds: number): string => `${(microseconds * 1000).toFixed(0)} ns`;
export const times = (ratio: number): string => `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`;
