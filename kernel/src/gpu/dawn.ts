// Loads Dawn and finds the adapter. The object that create() returns is kept for the life of the
// process: when it is collected, the process crashes.
import { CenoteError, guarded } from "../base/index.ts";
import { guardAll } from "./guard-all.ts";
import { knownSelfTest } from "./selftest-cache.ts";
import type { AdapterFacts } from "./types.ts";

// Dawn would fill each new buffer with zeros at its first use, 0.5 to 1 ms for every MiB on a software
// adapter. The pool clears what it hands out as zeros, so this is turned off.
const DAWN_OPTIONS = ["disable-dawn-features=lazy_clear_resource_on_first_use"];

const MEND =
  "`npm run setup` in the checkout finds or installs a driver. By hand: on Debian 12 Mesa from backports (apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1), elsewhere the vendor's driver or Mesa 24 and later. `npx cenote doctor` says what was found. TypeScript cells run without it.";

let dawn: GPU | undefined;

async function loadDawn(): Promise<GPU> {
  if (dawn) return dawn;
  try {
    const { create, globals } = await import("webgpu");
    guardAll(globals);
    dawn = guarded(() => create(DAWN_OPTIONS));
    return dawn;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CenoteError("NO_ADAPTER", `no GPU adapter: Dawn could not be loaded (${why})`, {
      mend: "`npm run setup` in the checkout installs the package webgpu, which Dawn is in. TypeScript cells run without it.",
      cause,
    });
  }
}

/** The best adapter there is. Rejects with NO_ADAPTER, whose text says what to install. */
export async function findAdapter(): Promise<GPUAdapter> {
  const gpu = await loadDawn();
  const adapter =
    (await gpu.requestAdapter({ powerPreference: "high-performance" })) ??
    (await gpu.requestAdapter({ forceFallbackAdapter: true }));
  if (!adapter) {
    throw new CenoteError(
      "NO_ADAPTER",
      "no GPU adapter: Dawn was loaded, but no driver on this machine meets WebGPU's minimum",
      { mend: MEND },
    );
  }
  return adapter;
}

/** The adapter's limits as plain numbers. */
export function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") found[name] = value;
  }
  return found;
}

/** Dawn's description is the driver and its version, which for software says all; `device` is the model. */
function nameOf(info: GPUAdapterInfo, software: boolean): string {
  const { device, description } = info;
  if (!software && device && description) return `${device} (${description})`;
  return description || device || info.architecture || "unnamed adapter";
}

export function describeAdapter(adapter: GPUAdapter): AdapterFacts {
  const info = adapter.info;
  const words = [info.description, info.device, info.architecture, info.vendor].join(" ");
  const features = [...adapter.features].sort();
  const software =
    info.isFallbackAdapter || /\bsoftware\b|llvmpipe|swiftshader|softpipe/i.test(words);
  const facts: AdapterFacts = {
    name: nameOf(info, software),
    vendor: info.vendor,
    architecture: info.architecture,
    driver: `${info.device} ${info.description}`.trim(),
    backend:
      process.platform === "darwin" ? "Metal" : process.platform === "win32" ? "D3D12" : "Vulkan",
    software,
    f16: features.includes("shader-f16"),
    features,
    limits: limitsOf(adapter.limits),
  };
  const selfTest = knownSelfTest(facts);
  if (selfTest) facts.selfTest = selfTest;
  return facts;
}

/** What the adapter is and can do, without opening a device or a pool. Rejects with NO_ADAPTER. */
export async function adapterFacts(): Promise<AdapterFacts> {
  return describeAdapter(await findAdapter());
}
