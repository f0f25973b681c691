// A Vulkan driver that Dawn accepts: the GPU's own; else a software driver that is installed; else, as
// root on Debian, Mesa (from backports where the release's own is too old); else SwiftShader from a
// package, without root. What was chosen stands in .cenote/env.json. CENOTE_DRIVER=swiftshader skips the
// others.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { at, node24, state } from "../lib/paths.mjs";
import { capture, readJson, run, SetupError } from "../lib/progress.mjs";

const envFile = join(state, "env.json");
const swiftshader = join(state, "swiftshader");
const SWIFTSHADER_PACKAGE = "@sparticuz/chromium@153.0.0";

async function probe(env) {
  const output = await capture(node24, [at("scripts/setup/probe-adapter.mjs")], {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  const last = output?.split("\n").at(-1);
  try {
    return last ? JSON.parse(last) : null;
  } catch {
    return null;
  }
}

function debianRelease() {
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0) return undefined;
  const release = readFileSync("/etc/os-release", "utf8");
  if (!/^ID=debian$/m.test(release)) return undefined;
  return /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
}

/** Bookworm's own Mesa (22.3) lacks what Dawn needs; its backports have 25. Uses the mirror that apt uses already. */
function addBackports() {
  const source = "/etc/apt/sources.list.d/cenote-backports.list";
  const lists = [
    "/etc/apt/sources.list",
    ...readdirSync("/etc/apt/sources.list.d").map((f) => `/etc/apt/sources.list.d/${f}`),
  ];
  const texts = lists
    .filter((f) => /\.(list|sources)$/.test(f) && existsSync(f))
    .map((f) => readFileSync(f, "utf8"));
  if (texts.some((text) => text.includes("bookworm-backports"))) return;
  for (const text of texts) {
    const deb822 = /^URIs:\s*(\S*debian\S*)[\s\S]*?^Suites:[^\n]*\bbookworm\b/m.exec(text)?.[1];
    const oneLine = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+bookworm\s/m.exec(text)?.[1];
    const mirror = deb822 ?? oneLine;
    if (mirror) {
      writeFileSync(
        source,
        `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} bookworm-backports main\n`,
      );
      return;
    }
  }
}

export async function aptInstall(say, packages, suite) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  say("apt-get update");
  await run("apt-get", ["update"], { env });
  say(`apt-get install ${packages.join(" ")}`);
  const from = suite ? ["-t", suite] : [];
  await run("apt-get", ["install", "-y", "--no-install-recommends", ...from, ...packages], { env });
}

async function installMesa(say, release) {
  if (release === "bookworm") addBackports();
  const suite = release === "bookworm" ? "bookworm-backports" : undefined;
  await aptInstall(say, ["mesa-vulkan-drivers", "libvulkan1"], suite);
}

/** SwiftShader and a Vulkan loader ship inside an npm package; needs no root. Returns the environment. */
async function installSwiftShader(say) {
  const env = {
    VK_ICD_FILENAMES: join(swiftshader, "vk_swiftshader_icd.json"),
    LD_LIBRARY_PATH: [swiftshader, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
  };
  if (existsSync(env.VK_ICD_FILENAMES)) return env;
  say(`fetching ${SWIFTSHADER_PACKAGE}`);
  const temporary = join(state, "swiftshader-package");
  mkdirSync(temporary, { recursive: true });
  mkdirSync(swiftshader, { recursive: true });
  writeFileSync(join(temporary, "package.json"), '{ "private": true }');
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--ignore-scripts", SWIFTSHADER_PACKAGE],
    { cwd: temporary },
  );
  const archive = join(temporary, "node_modules/@sparticuz/chromium/bin/swiftshader.tar.br");
  const tar = join(temporary, "swiftshader.tar");
  writeFileSync(tar, brotliDecompressSync(readFileSync(archive)));
  const wanted = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"];
  await run("tar", ["-xf", tar, "-C", swiftshader, ...wanted]);
  rmSync(temporary, { recursive: true, force: true });
  return env;
}

async function firstThatWorks(say) {
  const chosen = readJson(envFile) ?? {};
  const candidates = [
    async () => ({}),
    async () => chosen,
    async () => {
      const release = debianRelease();
      if (release) await installMesa(say, release);
      return {};
    },
    async () => installSwiftShader(say),
  ];
  if (process.env.CENOTE_DRIVER === "swiftshader") candidates.splice(0, 3);
  const failures = [];
  for (const candidate of candidates) {
    try {
      const env = await candidate();
      const adapter = await probe(env);
      if (adapter) return { env, adapter };
    } catch (error) {
      failures.push(error.message.split("\n")[0]);
    }
  }
  throw new SetupError(
    `no Vulkan driver that WebGPU accepts was found${failures.length ? ` (${failures.join("; ")})` : ""}`,
    "Install your GPU's Vulkan driver, or Mesa 24 or later for a software one " +
      "(Debian 12, as root: add the bookworm-backports suite, then apt-get install -t bookworm-backports " +
      "mesa-vulkan-drivers libvulkan1; Ubuntu 24.04 or later and Debian 13: apt-get install mesa-vulkan-drivers libvulkan1).",
  );
}

export async function prepareDriver(say) {
  const { env, adapter } = await firstThatWorks(say);
  writeFileSync(envFile, JSON.stringify(env, null, 2));
  return `${adapter.name}${adapter.software ? " (software)" : ""}`;
}
