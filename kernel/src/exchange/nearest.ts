// Which of the known names someone may have meant.

/** The name with the fewest edits, if they are at most a third of its length (or one); else undefined. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const edits = distance(wanted.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(1, name.length / 3)) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Levenshtein's distance, row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = row[j]! + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
