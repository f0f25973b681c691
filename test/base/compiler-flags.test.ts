// V8 aborts the process where a compiler meets another flag than the one that its work began with.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { Worker } from "node:worker_threads";
import { setCompilerFlags } from "../../kernel/src/base/index.ts";
import { compileSomething } from "./compiling-thread.ts";

const TIMES = 200;

test("the compilers' flags are set while two threads are compiled for", async () => {
  const thread = new Worker(new URL("./compiling-thread.ts", import.meta.url));
  await once(thread, "online");
  for (let i = 0; i < TIMES; i++) {
    setFlagsFromString("--maglev-osr");
    setFlagsFromString("--concurrent-osr");
    await setCompilerFlags(async (released) => {
      thread.postMessage(released);
      await once(thread, "message");
      if (i % 2 === 0) compileSomething();
    });
  }
  assert.throws(() => new Script("%FinalizeOptimization()"), SyntaxError);
  await thread.terminate();
});
