// Bundles the kernel into kernel/dist, so that it starts fast: packages stay outside the bundle, rooms
// that two entries share become common chunks, so that a cell's "cenote" is the kernel's own instance.

import { existsSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { at } from "./lib/paths.mjs";

const entries = {
  main: "main.ts",
  "wire-thread": "wire-thread.ts",
  "exchange-thread": "exchange/serve-thread.ts",
  index: "api/index.ts",
  cli: "cli/index.ts",
};

rmSync(at("kernel/dist"), { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(
    Object.entries(entries)
      .map(([name, file]) => [name, at("kernel/src", file)])
      .filter(([, file]) => existsSync(file)),
  ),
  outdir: at("kernel/dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
