// Waiting for conditions: never for a time, except to give up.

const PATIENCE_MS = 120_000;

/** Resolves when `holds` gives something truthy, with it; throws after two minutes, saying what was awaited. */
export async function until<T>(
  what: string,
  holds: () => T | Promise<T>,
  patience = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patience;
  while (true) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
