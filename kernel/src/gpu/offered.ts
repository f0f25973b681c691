// WebGPU where libraries made for pages look for it: its classes and flags among the globals, and navigator.gpu,
// whose adapter gives the device that is shared with them.

let shared: GPUDevice | undefined;
let offered: Promise<void> | undefined;

/** Offers `device` from now on, in the place of one that was offered before. What is there already stays. */
export async function offerDevice(device: GPUDevice): Promise<void> {
  shared = device;
  offered ??= defineGlobals();
  try {
    await offered;
  } catch (error) {
    offered = undefined;
    throw error;
  }
}

async function defineGlobals(): Promise<void> {
  const { globals } = await import("webgpu");
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) define(globalThis, name, value);
  }
  if (!("gpu" in navigator)) {
    define(navigator, "gpu", { requestAdapter, wgslLanguageFeatures: new Set<string>() });
  }
}

async function requestAdapter() {
  const { limits, features, adapterInfo } = shared!;
  return { limits, features, info: adapterInfo, requestDevice: async () => shared! };
}

const define = (on: object, name: string, value: unknown) =>
  Object.defineProperty(on, name, { value, configurable: true, writable: true });
