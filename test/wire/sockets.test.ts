// A frontend that takes nothing off its socket, beside one that does.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Subscriber } from "zeromq";
import { bindSockets } from "../../kernel/src/wire/sockets.ts";

const folder = mkdtempSync(join(tmpdir(), "cenote-sockets-"));
after(() => rmSync(folder, { recursive: true }));

const MESSAGES = 1000;
const MORE = MESSAGES + 1;
const BODY = Buffer.alloc(50_000, "x");

test("a frontend that reads nothing holds output back for a while and then loses it, others lose none", async (t) => {
  const sockets = await bindSockets(
    {
      transport: "ipc",
      ip: join(folder, "kernel"),
      key: "",
      signature_scheme: "hmac-sha256",
      ...{ shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 },
    },
    200,
  );
  const iopub = `ipc://${join(folder, "kernel")}-2`;
  const open = async (receiveHighWaterMark: number) => {
    const frontend = new Subscriber({ receiveHighWaterMark, linger: 0 });
    frontend.connect(iopub);
    frontend.subscribe();
    await sockets.iopub.receive(); // its subscription
    return frontend;
  };
  const stuck = await open(1);
  const reading = await open(0);
  t.after(async () => {
    for (const one of [stuck, reading]) one.close();
    sockets.close();
    await reader;
  });
  const received: number[] = [];
  const reader = (async () => {
    for await (const [number] of reading) received.push(Number(number));
  })();
  for (let i = 0; i < MESSAGES; i++) void sockets.toIopub.send([Buffer.from(`${i}`), BODY]);
  await sockets.toIopub.drained();
  // The next cell's output waits for it again, and for no longer than before.
  sockets.waitForAll();
  await sockets.toIopub.send([Buffer.from(`${MORE}`), BODY]);
  while (received.at(-1) !== MORE) await sleep(5);
  assert.deepEqual(received, [...Array(MESSAGES).keys(), MORE]);
});
