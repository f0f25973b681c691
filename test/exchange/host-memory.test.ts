// Arenas are refused before a control group that is short would kill.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { native } from "../../kernel/src/base/index.ts";
import { Arenas } from "../../kernel/src/exchange/arenas.ts";
import { memoryRoom } from "../../kernel/src/exchange/host-memory.ts";

const MB = 1e6;

function roomOf(t: { after: (undo: () => void) => void }, files: Record<string, string>): number {
  const root = mkdtempSync(join(tmpdir(), "cx-root-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return memoryRoom(root);
}

const MEMINFO = "MemTotal:       2000000 kB\nMemAvailable:    1000000 kB\n";

test("the machine's memory counts where there is no group", (t) => {
  assert.equal(roomOf(t, { "proc/meminfo": MEMINFO }), 1024 * MB);
  assert.equal(roomOf(t, {}), Number.POSITIVE_INFINITY);
});

test("of nested groups the shortest counts; idle pages of files are free", (t) => {
  const room = roomOf(t, {
    "proc/meminfo": MEMINFO,
    "proc/self/cgroup": "0::/a/b\n",
    "sys/fs/cgroup/a/b/memory.max": "max\n",
    "sys/fs/cgroup/a/b/memory.current": "5\n",
    "sys/fs/cgroup/a/memory.max": `${300 * MB}\n`,
    "sys/fs/cgroup/a/memory.current": `${290 * MB}\n`,
    "sys/fs/cgroup/a/memory.stat": `anon 1\ninactive_file ${20 * MB}\n`,
  });
  assert.equal(room, 30 * MB);
});

test("version 1, seen from within a container", (t) => {
  const room = roomOf(t, {
    "proc/meminfo": MEMINFO,
    "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/123\n0::/\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": `${100 * MB}\n`,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": `${60 * MB}\n`,
    "sys/fs/cgroup/memory/memory.stat": `total_inactive_file ${MB}\n`,
  });
  assert.equal(room, 41 * MB);
});

test("an arena for which there is no room is refused; one that there is goes on", () => {
  let room = 100 * MB;
  const arenas = new Arenas(
    () => {},
    () => {},
    () => room,
  );
  arenas.take(4096);
  room = 1000;
  arenas.take(4096); // in the arena that there is
  assert.throws(() => arenas.take(200 * MB), {
    code: "HOST_MEMORY",
    message: /wanted 191 MiB .*, found room for 1000 B/,
  });
  assert.equal(arenas.count, 1);
});

test("what a newer version left is kept for the next one, until the name is gone", () => {
  const dropped: number[] = [];
  const arenas = new Arenas(
    () => {},
    ({ id }) => dropped.push(id),
  );
  const [first, second] = [arenas.take(500 * MB), arenas.take(500 * MB)];
  arenas.giveBack(first, { name: "t", bytes: 400 * MB });
  const small = arenas.take(4096); // does not spoil it
  assert.ok(small.arena !== first.arena && small.arena !== second.arena);
  arenas.giveBack(small, { name: "s", bytes: 4096 });
  const third = arenas.take(400 * MB);
  assert.equal(third.arena, first.arena);
  arenas.giveBack(third, { name: "t", bytes: 400 * MB });
  arenas.giveBack(second, { name: "t", bytes: 400 * MB }); // one is enough
  assert.deepEqual(dropped, [first.arena.id]);
  arenas.forgetSpare("t");
  assert.deepEqual(dropped, [first.arena.id, second.arena.id]);
  const fourth = arenas.take(500 * MB);
  arenas.giveBack(fourth, { name: "t", bytes: 4096 }); // the next may be as small
  assert.deepEqual(dropped, [first.arena.id, second.arena.id, fourth.arena.id]);
});

test("dropped arenas are waited for, whose pages other threads free", {
  skip: !native(),
}, async () => {
  const shared = () =>
    1024 * Number(/RssShmem:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  const before = shared();
  const arenas = new Arenas(
    () => {},
    ({ segment: { handle } }) => handle.kind === "shared" && native()!.closeDescriptor(handle.fd),
    () => 150 * MB - (shared() - before),
  );
  const place = arenas.take(100 * MB);
  place.arena.segment.fill(place.offset, place.bytes, (target) => target.fill(1));
  await setImmediate(); // until the view is let go of
  arenas.giveBack(place, { name: "t", bytes: 100 * MB });
  assert.notEqual(arenas.take(120 * MB).arena, place.arena);
});

test("spares go before an arena is refused", () => {
  const dropped: number[] = [];
  const arenas: Arenas = new Arenas(
    () => {},
    ({ id }) => dropped.push(id),
    () => (arenas.count > 0 ? 0 : 1000 * MB),
  );
  const first = arenas.take(500 * MB);
  arenas.giveBack(first, { name: "t", bytes: 400 * MB });
  assert.notEqual(arenas.take(600 * MB).arena, first.arena);
  assert.deepEqual(dropped, [first.arena.id]);
});
