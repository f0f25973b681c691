// Keeps the results of the self-test by adapter and driver version, in a file of the user's cache
// folder; in memory alone where that cannot be written. A file that cannot be read means "not known".
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, replaceFile } from "../base/index.ts";
import type { AdapterFacts, SelfTest } from "./types.ts";

/** Raise when the test changes. */
const VERSION = 1;
const FIELDS: (keyof SelfTest)[] = [
  "nanByBits",
  "nanByCompare",
  "denormals",
  "integerWrap",
  "shifts",
];
const inMemory = new Map<string, SelfTest>();

const keyOf = (facts: AdapterFacts) =>
  `${VERSION} ${facts.backend} ${facts.vendor} ${facts.driver}`;

const cacheFile = (): string => join(cacheFolder(), "adapters.json");

function readAll(): Record<string, SelfTest> {
  try {
    const all: unknown = JSON.parse(readFileSync(cacheFile(), "utf8"));
    return typeof all === "object" && all !== null ? (all as Record<string, SelfTest>) : {};
  } catch {
    return {};
  }
}

export function knownSelfTest(facts: AdapterFacts): SelfTest | undefined {
  const found = inMemory.get(keyOf(facts)) ?? readAll()[keyOf(facts)];
  return found && FIELDS.every((name) => typeof found[name] === "boolean") ? found : undefined;
}

export function keepSelfTest(facts: AdapterFacts, result: SelfTest): void {
  inMemory.set(keyOf(facts), result);
  try {
    replaceFile(cacheFile(), JSON.stringify({ ...readAll(), [keyOf(facts)]: result }, null, 2));
  } catch {
    // Not writable: the next process tests again, which takes some milliseconds.
  }
}
