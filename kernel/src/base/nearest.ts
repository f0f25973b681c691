// Which of the known names someone may have meant.

/**
 * The name with the fewest letters to add, take away, replace or swap with their neighbour, if they are at most its
 * length divided by `share` (or one), and not all of them, whatever the case; else undefined.
 */
export function nearest(wanted: string, names: Iterable<string>, share = 3): string | undefined {
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const most = Math.max(1, name.length / share);
    if (Math.abs(name.length - wanted.length) > most) continue;
    const edits = distance(wanted.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits && edits <= most && edits < name.length) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Row by row: `row[j]` are the edits from a[0…i] to b[0…j]. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = row[j]! + (a[i] === b[j] ? 0 : 1);
      const swapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const found = Math.min(replaced, row[j + 1]! + 1, next[j]! + 1);
      next.push(swapped ? Math.min(found, before[j - 1]! + 1) : found);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
