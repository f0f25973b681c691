// How much memory this process may still take: a control group that is short does not refuse pages when they
// are written, it kills. So an arena is refused before. python/cenote/_host_memory.py is its twin.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CenoteError, formatBytes } from "../base/index.ts";

/**
 * Bytes that are left in the machine and in every control group that this process is in, version 1 or 2;
 * pages of files that can be given up count as free. Infinity where nothing can be read. Sources: proc(5),
 * the kernel's cgroup-v2.rst and cgroup-v1/memory.rst. `root`: where proc and sys are.
 */
export function memoryRoom(root = "/"): number {
  const machine = fields(read(root, "proc/meminfo"));
  const available = machine.get("MemAvailable:");
  let room = available === undefined ? Number.POSITIVE_INFINITY : available * 1024;
  for (const line of read(root, "proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (controllers === "") {
      room = Math.min(room, roomOf(root, "sys/fs/cgroup", path, V2));
    } else if (controllers?.split(",").includes("memory")) {
      room = Math.min(room, roomOf(root, "sys/fs/cgroup/memory", path, V1));
    }
  }
  return Math.max(0, room);
}

const V2 = { limit: "memory.max", used: "memory.current", idle: "inactive_file" };
const V1 = {
  limit: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  idle: "total_inactive_file",
};

/** The least that is left in a group and those it lies in. Within a container its own is the topmost. */
function roomOf(root: string, base: string, path: string, names: typeof V2): number {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  let room = Number.POSITIVE_INFINITY;
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = join(base, ...parts.slice(0, depth));
    const limit = Number.parseInt(read(root, join(folder, names.limit)), 10);
    const used = Number.parseInt(read(root, join(folder, names.used)), 10);
    if (Number.isNaN(limit) || Number.isNaN(used)) continue; // "max", or no such file
    const idle = fields(read(root, join(folder, "memory.stat"))).get(names.idle) ?? 0;
    room = Math.min(room, limit - used + idle);
  }
  return room;
}

/** The first two words of each line: a name and a number. */
function fields(text: string): Map<string, number> {
  return new Map(
    text.split("\n").map((line) => {
      const [name = "", value = ""] = line.split(/\s+/);
      return [name, Number(value)];
    }),
  );
}

function read(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return "";
  }
}

/** Throws HOST_MEMORY when there is no room for that many bytes. */
export function checkRoom(bytes: number, room: number): void {
  if (bytes <= room) return;
  throw new CenoteError(
    "HOST_MEMORY",
    `wanted ${formatBytes(bytes)} (${bytes} bytes) of shared memory, found room for ${formatBytes(room)}`,
    { mend: "Release or remove tables, share fewer columns, or raise the memory limit." },
  );
}

/** What bounds the host's memory besides the machine: 0 bytes are no bound. Bytes. */
export interface HostLimit {
  budget: number;
  /** What others than the exchange have taken of it. */
  spilled: number;
}

let limit = (): HostLimit => ({ budget: 0, spilled: 0 });

/** From now on arenas count against that budget. */
export function limitHost(given: () => HostLimit): void {
  limit = given;
}

/** Throws HOST_MEMORY when the host's budget has no room for that many bytes more. `shared`: those taken here. */
export function checkBudget(bytes: number, shared: number): void {
  const { budget, spilled } = limit();
  if (budget === 0 || shared + spilled + bytes <= budget) return;
  const takers = [
    `${formatBytes(shared)} by what is shared`,
    `${formatBytes(spilled)} by the pool`,
  ];
  throw new CenoteError(
    "HOST_MEMORY",
    `wanted ${formatBytes(bytes)} of shared memory; of the host's budget of ${formatBytes(budget)} are taken ${takers.join(", ")}`,
    { mend: 'Remove tables, or raise the budget: pool.tiers = { host: "16 GiB" }.' },
  );
}
