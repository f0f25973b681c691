// What was measured, by adapter and driver, in a file of the user's cache folder. A file that can't be read, is not
// ours or is of another version counts as none, with one line that says so: the usual kernels serve then.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, replaceFile } from "../../../base/index.ts";
import type { AdapterFacts } from "../../../gpu/index.ts";
import { isPlan, type Plan } from "../product/plan.ts";

/** Raise when kernels or what is measured change: older files are forgotten. */
const VERSION = 1;

/** A kernel that was measured for a class of work on this adapter. */
export interface Tuned {
  /** Dtypes, how operands lie, and sizes to the next power of two. */
  readonly work: string;
  /** The quickest kernel and its sizes, and its time. */
  readonly plan: Plan;
  readonly milliseconds: number;
  /** The kernel that is taken where nothing was measured, and its time in the same measurement. */
  readonly usual: Plan;
  readonly usualMilliseconds: number;
}

type Adapters = Record<string, Tuned[]>;

/** Where measurements are kept. */
export const tuningFile = (): string => join(cacheFolder(), "tuning.json");

/** Adapters of one name and driver share what was measured. */
const keyOf = ({ name, backend, vendor, driver }: AdapterFacts): string =>
  [backend, vendor, name, driver].join(" | ");

const isTuned = (one: unknown): one is Tuned => {
  const { work, plan, usual, milliseconds, usualMilliseconds } = (one ?? {}) as Partial<Tuned>;
  const isTime = (value: unknown) => typeof value === "number" && value > 0;
  return (
    typeof work === "string" &&
    isPlan(plan) &&
    isPlan(usual) &&
    isTime(milliseconds) &&
    isTime(usualMilliseconds)
  );
};

/** All adapters' measurements. */
function readAll(): Adapters {
  let file = "the cache folder";
  let text: string;
  try {
    file = tuningFile();
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") tell(file, message);
    return {};
  }
  try {
    const { version, adapters } = JSON.parse(text) as { version: unknown; adapters: Adapters };
    if (version !== VERSION) throw new Error(`wanted version ${VERSION}, found ${String(version)}`);
    const isWhole = Object.values(adapters).every((of) => Array.isArray(of) && of.every(isTuned));
    if (!isWhole) throw new Error("wanted measured kernels, found something else");
    return adapters;
  } catch (error) {
    tell(file, (error as Error).message);
    return {};
  }
}

let told = false;

function tell(file: string, why: string): void {
  if (told) return;
  told = true;
  console.warn(`cenote: measured kernels in ${file} are not used: ${why}`);
}

/** What was measured on this adapter. */
export const readTuned = (facts: AdapterFacts): Tuned[] => readAll()[keyOf(facts)] ?? [];

/** Adds to what the file has, or takes this adapter's out of it when there is none. Returns why it was not written. */
export function writeTuned(facts: AdapterFacts, tuned: readonly Tuned[]): string | undefined {
  try {
    const { [keyOf(facts)]: before = [], ...adapters } = readAll();
    const works = new Set(tuned.map(({ work }) => work));
    const kept = before.filter(({ work }) => !works.has(work));
    if (tuned.length > 0) adapters[keyOf(facts)] = [...kept, ...tuned];
    replaceFile(tuningFile(), JSON.stringify({ version: VERSION, adapters }, null, 2));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
