// A table on the GPU for bench/exchange.py: puts it, and prints what that took and what it moved, as JSON. Ends with
// its standard input.
import { tableFromArrays } from "apache-arrow";
import { put } from "../../kernel/src/api/index.ts";
import { tableToGpu } from "../../kernel/src/compute/index.ts";
import { exchangeStats } from "../../kernel/src/exchange/index.ts";
import { openGpu } from "../../kernel/src/gpu/index.ts";

const [name = "gpu", bytes = "67108864"] = process.argv.slice(2);
const gpu = await openGpu();
const values = new Float32Array(Number(bytes) / 4).fill(1);
using table = await tableToGpu(gpu, tableFromArrays({ values }));
await gpu.finish();
const [{ readBacks }, before] = [gpu.counts, await exchangeStats()];
const begun = performance.now();
await put(name, table);
const microseconds = (performance.now() - begun) * 1000;
const after = await exchangeStats();
console.log(
  JSON.stringify({
    microseconds,
    readBacks: gpu.counts.readBacks - readBacks,
    bytes: after.bytesPut - before.bytesPut,
    copies: after.copies - before.copies,
  }),
);
process.stdin.resume().on("end", () => process.exit());
