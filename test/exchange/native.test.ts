import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { Worker } from "node:worker_threads";
import { native, nativeStatus } from "../../kernel/src/base/native.ts";
import { socketDescriptor } from "../../kernel/src/exchange/sending.ts";
import { Remote, root, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);
const BYTES = 1 << 20;
const addon = native()!;

test("the addon is found", () => {
  assert.ok(addon, JSON.stringify(nativeStatus()));
  assert.deepEqual(nativeStatus(), {
    available: true,
    path: join(root, "native", "build", "cenote.node"),
  });
});

test("a reader sees the owner's pages, and its own writes stay its own until they are forgotten", () => {
  const { fd, mapping } = addon.createArena("cenote-test", BYTES);
  const owner = new Uint8Array(addon.view(mapping, 0, BYTES));
  const reading = addon.mapArena(fd, BYTES);
  const reader = new Uint8Array(addon.view(reading, 4096, 4096));
  owner[4096] = 7;
  assert.equal(reader[0], 7);
  reader[1] = 9;
  owner[4097] = 5;
  assert.deepEqual([owner[4097], reader[1]], [5, 9]);
  addon.forgetWrites(reading, 4096, 4096);
  assert.equal(reader[1], 5);
  addon.unmapArena(reading);
  assert.equal(reader[1], 5, "the pages stay while a view is there");
  assert.throws(() => addon.view(reading, 0, 1), { code: "ERR_NOT_MAPPED" });
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
});

test("an arena is sealed: nobody resizes or writes the file", () => {
  const { fd, mapping } = addon.createArena("cenote-test", BYTES);
  const path = `/proc/self/fd/${fd}`;
  const other = openSync(path, "r+");
  assert.throws(() => ftruncateSync(other, 4096), { code: "EPERM" });
  assert.throws(() => ftruncateSync(other, 2 * BYTES), { code: "EPERM" });
  assert.throws(() => writeSync(other, "x"), { code: "EPERM" });
  closeSync(other);
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
});

test("only what can't be shrunk, and is large enough, is mapped", () => {
  const plain = openSync(join(root, "package.json"), "r");
  assert.throws(() => addon.mapArena(plain, 16), { code: "ERR_NOT_SEALED" });
  closeSync(plain);
  const { fd, mapping } = addon.createArena("cenote-test", BYTES);
  assert.throws(() => addon.mapArena(fd, BYTES + 1), { code: "ERR_ARENA_SIZE" });
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
});

test("a view lies inside its mapping, and may have more than 4 GiB", () => {
  const huge = 5 * 2 ** 30;
  const { fd, mapping } = addon.createArena("cenote-test", huge);
  for (const [offset, bytes] of [
    [0, 0],
    [huge - 10, 11],
    [huge + 1, 1],
    [2 ** 53, 1],
    [0, Number.NaN],
    [-1, 1],
  ] as const) {
    assert.throws(() => addon.view(mapping, offset, bytes), `${offset} ${bytes}`);
  }
  assert.equal(addon.view(mapping, huge - 10, 10).byteLength, 10);
  assert.equal(addon.view(mapping, 0, huge).byteLength, huge);
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
});

test("detaching empties every array over the view, and the last view unmaps", async () => {
  const { fd, mapping } = addon.createArena("cenote-detach", BYTES);
  const view = addon.view(mapping, 0, BYTES);
  const arrays = [new Uint8Array(view), new Float64Array(view, 8, 4)];
  const isMapped = () => readFileSync("/proc/self/maps", "utf8").includes("memfd:cenote-detach");
  assert.ok(isMapped());
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
  assert.ok(isMapped());
  addon.detach(view);
  assert.deepEqual(
    arrays.map((array) => array.length),
    [0, 0],
  );
  await until("the arena is unmapped", () => !isMapped());
});

test("another thread loads the addon and reads the same mapping", async () => {
  const { fd, mapping } = addon.createArena("cenote-test", BYTES);
  new Uint8Array(addon.view(mapping, 0, 16))[3] = 42;
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    const addon = require(workerData.path);
    parentPort.postMessage(new Uint8Array(addon.view(workerData.mapping, 0, 16))[3]);`;
  const path = nativeStatus().path;
  const worker = new Worker(code, { eval: true, workerData: { path, mapping } });
  assert.equal(await new Promise((resolve) => worker.on("message", resolve)), 42);
  await worker.terminate();
  addon.unmapArena(mapping);
  addon.closeDescriptor(fd);
});

test("a peer that gives no descriptor is an error", async (t) => {
  const path = join(folder.path, "bad.sock");
  const serve = async (behave: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      socket.on("error", () => {}).resume();
      behave(socket);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return () => new Promise((resolve) => server.close(resolve));
  };
  const ask = () => addon.receiveDescriptor(path, Buffer.from("frame"), 200);
  await t.test("nobody is there", () => assert.rejects(ask(), /connect: No such file/));
  await t.test("it hangs up", async () => {
    const close = await serve((socket) => socket.end("bye"));
    await assert.rejects(ask(), /closed the connection/);
    await close();
  });
  await t.test("it says nothing", async () => {
    const close = await serve(() => {});
    await assert.rejects(ask(), /timed out/);
    await close();
  });
  await t.test("it talks without end", async () => {
    const close = await serve((socket) => void socket.write(Buffer.alloc(1 << 16)));
    await assert.rejects(ask(), /without a descriptor/);
    await close();
  });
  await t.test("the path is too long", () => {
    assert.throws(() => addon.receiveDescriptor("x".repeat(108), Buffer.from(""), 1), {
      code: "ERR_SOCKET_PATH",
    });
  });
});

test("what comes on a socket is heard without a turn of the event loop", async () => {
  const owner = Remote.python();
  const path = await owner.run<string>(`
cenote.put("t", pa.table({"x": [1]}))
answer = str(cenote._exchange.exchange().service.path)`);
  const socket = connect(path);
  await new Promise((resolve) => socket.once("connect", resolve));
  const descriptor = socketDescriptor(socket)!;
  const greeting = addon.receiveNow(descriptor, 10_000_000);
  assert.match(String(greeting), /"cenote"/);
  assert.equal(addon.receiveNow(descriptor, 0), undefined);
  process.kill(owner.pid, "SIGKILL");
  assert.equal(addon.receiveNow(descriptor, 10_000_000)?.length, 0);
  socket.destroy();
  await owner.end();
});

test("wrong arguments are errors", () => {
  const loose = addon as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.keys(addon)) {
    if (["guardProcess", "stopAsked"].includes(name)) continue; // they take none
    assert.throws(() => loose[name]!(), name);
    assert.throws(() => loose[name]!({}, {}, {}), name);
  }
});
