// Walks over expressions, whose nodes may have several parents and whose levels may be thousands.

/** All nodes under these roots, each once and after what it is made of. */
export function walked<T extends object>(
  roots: readonly T[],
  argsOf: (node: T) => readonly T[],
): T[] {
  const found: T[] = [];
  const seen = new Set<T>();
  // A node is met on the way down, and again (`done`) when all that it is made of was found.
  const todo = roots.map((node) => ({ node, done: false })).reverse();
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { node, done } = next;
    if (done) found.push(node);
    else if (!seen.has(node)) {
      seen.add(node);
      todo.push({ node, done: true });
      const args = argsOf(node);
      for (let i = args.length - 1; i >= 0; i--) todo.push({ node: args[i]!, done: false });
    }
  }
  return found;
}

/** Characters of an expression in a message, at most. */
const LONGEST = 4000;

/** A text as it is, or its beginning and its end. */
export function clipped(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST / 2)} … ${text.slice(-LONGEST / 4)}`;
}
