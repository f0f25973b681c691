// TF.js with its WebGPU backend on this process's Dawn, from bench/peers, which is installed when it is missing.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { create, globals } from "webgpu";

/** As much of TF.js as is compared with. */
export interface TfJs {
  zeros(shape: number[]): { dispose(): void };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  version_core: string;
}

const folder = fileURLToPath(new URL("../peers/", import.meta.url));
const peers = createRequire(`${folder}package.json`);

/** Installs what bench/peers names where something of it is missing. */
export function installPeers(): void {
  const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  if (Object.keys(dependencies).every((name) => existsSync(`${folder}node_modules/${name}`)))
    return;
  console.log("  installing TF.js, jax-js and onnxruntime-web into bench/peers (220 MB) …");
  const { status } = spawnSync("npm", ["ci"], { cwd: folder, stdio: "inherit" });
  if (status !== 0) throw new Error("the peers of this bench could not be installed");
}

/** TF.js with its WebGPU backend on a device that there is, of which `globals` are in globalThis. */
export async function loadTfJsOn<T extends TfJs>(device: GPUDevice): Promise<T> {
  installPeers();
  // TF.js looks whether there is WebGPU, and then only uses the device.
  Object.defineProperty(globalThis.navigator, "gpu", { value: {}, configurable: true });
  const tf = peers("@tensorflow/tfjs-core");
  const { WebGPUBackend } = peers("@tensorflow/tfjs-backend-webgpu");
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, device.adapterInfo));
  await tf.setBackend("webgpu");
  if (tf.getBackend() !== "webgpu") throw new Error(`TF.js runs on ${tf.getBackend()}`);
  return tf;
}

/** TF.js, ready to run on WebGPU. */
export async function loadTfJs(): Promise<TfJs> {
  installPeers();
  Object.assign(globalThis, globals);
  // Held by the navigator for the life of the process, as Dawn demands.
  const gpu = create(["disable-dawn-features=lazy_clear_resource_on_first_use"]);
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu });
  const tf: TfJs = peers("@tensorflow/tfjs-core");
  peers("@tensorflow/tfjs-backend-webgpu");
  await tf.setBackend("webgpu");
  if (tf.getBackend() !== "webgpu") throw new Error(`TF.js runs on ${tf.getBackend()}`);
  return tf;
}
