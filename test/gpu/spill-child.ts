// A process whose blocks reach the disk; spill.test.ts kills it, or closes its standard input.
import { openGpu } from "../../kernel/src/gpu/index.ts";

const gpu = await openGpu();
for (let i = 0; i < 40; i++) {
  const block = await gpu.allocateAsync(2 ** 20);
  await gpu.upload([{ block, data: new Uint8Array(2 ** 20).fill(i) }]);
  gpu.pool.keep(block);
  (globalThis as { kept?: unknown[] }).kept = [
    ...((globalThis as { kept?: unknown[] }).kept ?? []),
    block,
  ];
}
while (gpu.pool.stats().disk === 0) await new Promise((resolve) => setImmediate(resolve));
process.stdout.write("on disk\n");
process.stdin.on("end", () => process.exit(0)).resume();
