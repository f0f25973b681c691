// The pool's figures with what each of them is: our own count, a setting, or a fact that the adapter told.
import { DISPLAY, formatBytes, type MimeBundle } from "../base/index.ts";
import type { AdapterFacts } from "../gpu/index.ts";
import type { PoolStats } from "../pool/index.ts";

export interface Figure {
  name: string;
  /** Undefined where nobody tells. */
  bytes: number | undefined;
  source: "count" | "setting" | "adapter" | "not told";
  about: string;
}

/** Figures that show as a table. */
export interface Figures extends Array<Figure> {
  [DISPLAY](): MimeBundle;
}

const COUNTS: readonly [name: keyof PoolStats, about: string][] = [
  ["live", "live blocks in slabs, rounded up to 256 bytes"],
  ["requested", "the same as they were asked for"],
  ["reserved", "slabs, as they were asked of the adapter, which may round them up"],
  ["peakLive", "the most that was live"],
  ["peakReserved", "the most that was reserved"],
  ["holes", "reserved less live"],
  ["largestFree", "the largest hole; fragmentation is 1 − this ÷ holes"],
  ["moved", "ever copied because live blocks moved"],
  ["spilled", "live blocks that are in host memory"],
  ["disk", "live blocks that are on disk"],
  ["staging", "buffers that the host fills or reads; outside the budget"],
  ["outside", "other libraries' allocations on a counted device; outside the budget"],
];

/** Every figure that there is, of the statistics and of the adapter if it is known. */
export function figures(stats: PoolStats, adapter: AdapterFacts | undefined): Figures {
  const rows: Figure[] = COUNTS.map(([name, about]) => ({
    ...{ name, bytes: stats[name], source: "count" as const, about },
  }));
  rows.push(
    {
      ...{ name: "budget", bytes: stats.budget, source: "setting" as const },
      about: "what slabs may take together",
    },
    {
      ...{ name: "largest slab", bytes: adapter?.limits["maxBufferSize"] },
      ...{ source: "adapter" as const, about: "its limit maxBufferSize" },
    },
    {
      ...{ name: "largest binding", bytes: adapter?.limits["maxStorageBufferBindingSize"] },
      ...{ source: "adapter" as const, about: "its limit maxStorageBufferBindingSize" },
    },
    {
      ...{ name: "adapter memory", bytes: undefined, source: "not told" as const },
      about: "WebGPU says neither how much there is nor how much is taken",
    },
  );
  const bundle = () => ({ "text/plain": rows.map(line).join("\n") });
  return Object.defineProperty(rows, DISPLAY, { value: bundle }) as unknown as Figures;
}

function line({ name, bytes, source, about }: Figure): string {
  const size = bytes === undefined ? "–" : formatBytes(bytes);
  return `${name.padEnd(16)}${size.padStart(10)}  ${source.padEnd(9)}${about}`;
}
