// Bundles the kernel into kernel/dist, so that it starts fast: packages with parts of their own on disk
// stay outside the bundle, rooms that two entries share become common chunks, so that a cell's "cenote" is
// the kernel's own instance.
// The declarations of "cenote", for completion and checks in cells, go into kernel/dist/types.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { builtinsByLookup } from "./lib/builtins.mjs";
import { at } from "./lib/paths.mjs";

const entries = {
  main: "main.ts",
  "wire-thread": "wire-thread.ts",
  "types-thread": "language/service/thread.ts",
  "exchange-thread": "exchange/serve-thread.ts",
  "column-thread": "browse/column-thread.ts",
  "shared-thread": "browse/shared-thread.ts",
  index: "api/index.ts",
  cli: "cli/index.ts",
};

/** Plain JavaScript that every start needs: finding and reading it file by file takes longer than running it. */
const BUNDLED = ["magic-string", "@jridgewell/trace-mapping"];
const { dependencies } = JSON.parse(readFileSync(at("kernel/package.json"), "utf8"));

/** An error of types doesn't keep the kernel from being built; it is printed, and `npm test` fails of it. */
async function declarations() {
  const compiler = at("node_modules/typescript/lib/tsc.js");
  const args = [compiler, "-p", at("kernel/tsconfig.types.json")];
  const [code] = await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit");
  if (code !== 0 && !existsSync(at("kernel/dist/types/api/index.d.ts"))) {
    throw new Error("the declarations of cenote were not made (see above)");
  }
}

rmSync(at("kernel/dist"), { recursive: true, force: true });
const declared = declarations();
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
  external: Object.keys(dependencies).filter((name) => !BUNDLED.includes(name)),
  plugins: [builtinsByLookup],
  sourcemap: true,
  logLevel: "warning",
});
await declared;
