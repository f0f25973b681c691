// Builds the native addon: `node native/build.mjs` → native/build/cenote.node. Only Node's standard
// library and a C compiler; does nothing when the addon is newer than its sources. Without the addon
// Cenote still works, but tables cross processes by a copy that is counted.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const output = join(here, "build", "cenote.node");

function stop(message) {
  console.error(message);
  process.exit(1);
}

function headers() {
  const require = createRequire(join(here, "..", "kernel", "package.json"));
  try {
    return require("node-api-headers").include_dir;
  } catch {
    return stop("native: the package node-api-headers is missing. Run `npm ci` first.");
  }
}

function isFresh() {
  if (!existsSync(output)) return false;
  const built = statSync(output).mtimeMs;
  const inputs = [
    ...readdirSync(source).map((file) => join(source, file)),
    join(here, "build.mjs"),
  ];
  return inputs.every((file) => statSync(file).mtimeMs < built);
}

function compiler() {
  const candidates = process.env.CC ? [process.env.CC] : ["cc", "gcc", "clang"];
  const found = candidates.find(
    (name) => !spawnSync(name, ["--version"], { stdio: "ignore" }).error,
  );
  return (
    found ??
    stop(
      `native: no C compiler found (looked for ${candidates.join(", ")}).\n` +
        "  Install one (Debian: apt-get install gcc libc6-dev). Until then tables cross by a counted copy.",
    )
  );
}

const onTrial = process.platform === "darwin" && process.env.CENOTE_SEGMENT === "shm";
if (process.platform !== "linux" && !onTrial) {
  console.log(
    `native: nothing to build on ${process.platform}; tables cross by a counted copy there`,
  );
} else if (isFresh()) {
  console.log("native: up to date");
} else {
  const cc = compiler();
  mkdirSync(dirname(output), { recursive: true });
  const files = readdirSync(source).filter((file) => file.endsWith(".c"));
  // Written aside and renamed, because a running kernel may have the old one loaded.
  const fresh = `${output}.${process.pid}`;
  const flags = [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
  ];
  const args = [
    ...flags,
    "-pthread",
    "-I",
    headers(),
    ...files.map((file) => join(source, file)),
    // Node has what is left open; shm_open is in a library of its own before glibc 2.34.
    ...(onTrial ? ["-undefined", "dynamic_lookup"] : ["-lrt"]),
    "-o",
    fresh,
  ];
  const done = spawnSync(cc, args, { stdio: "inherit" });
  if (done.error || done.status !== 0)
    stop(`native: ${cc} failed (${done.error?.message ?? `exit ${done.status}`})`);
  renameSync(fresh, output);
  console.log("native: built build/cenote.node");
}
