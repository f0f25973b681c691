// Asks Dawn for an adapter and prints what it found as JSON, or null. A process of its own, because a
// driver that does not work may end it.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { at } from "../lib/paths.mjs";

const require = createRequire(at("kernel", "package.json"));
const { create } = await import(pathToFileURL(require.resolve("webgpu")).href);
const gpu = create([]);
globalThis.heldGpu = gpu; // Dawn crashes when this object is collected
const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
const info = adapter?.info;
const found = info && {
  name: info.description || info.device,
  vendor: info.vendor,
  software:
    info.isFallbackAdapter ||
    info.architecture === "software" ||
    /swiftshader|llvmpipe/i.test(`${info.description} ${info.device}`),
};
process.stdout.write(`\n${JSON.stringify(found ?? null)}\n`, () => process.exit(0));
