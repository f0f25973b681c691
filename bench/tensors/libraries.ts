// jax-js and onnxruntime-web on a device that there is, from bench/peers. Each asks navigator.gpu for an adapter
// and that for a device: both get ours.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installPeers } from "../pool/tfjs.ts";
import { type Model, onnxModel } from "./onnx.ts";
import type { Tf } from "./operations.ts";

const modules = new URL("../peers/node_modules/", import.meta.url);

export interface Jax {
  // biome-ignore lint/suspicious/noExplicitAny: jax-js is not installed where types are checked
  readonly jax: any;
  readonly version: string;
}

export interface OrtSession {
  run(inputs: Record<string, Tf>): Promise<Tf>;
}

export interface OrtLibrary {
  // biome-ignore lint/suspicious/noExplicitAny: onnxruntime-web is not installed where types are checked
  readonly ort: any;
  readonly version: string;
  /** A session whose results stay on the device; run() gives the output's tensor. */
  session(model: Model): Promise<OrtSession>;
}

function offer(device: GPUDevice): void {
  const adapter = {
    limits: device.limits,
    features: device.features,
    info: device.adapterInfo,
    requestDevice: async () => device,
  };
  Object.defineProperty(globalThis.navigator, "gpu", {
    value: { requestAdapter: async () => adapter },
    configurable: true,
  });
}

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`${name}/package.json`, modules)), "utf8")).version;

/** jax-js, whose arrays are made on the device by default. */
export async function loadJaxOn(device: GPUDevice): Promise<Jax> {
  installPeers();
  offer(device);
  const jax = await import(new URL("@jax-js/jax/dist/index.js", modules).href);
  await jax.init("webgpu");
  jax.defaultDevice("webgpu");
  if (jax.getWebGPUDevice() !== device) throw new Error("jax-js runs on another device");
  return { jax, version: versionOf("@jax-js/jax") };
}

/** onnxruntime-web with its WebGPU provider, without threads: those belong to its processor provider. */
export async function loadOrtOn(device: GPUDevice): Promise<OrtLibrary> {
  installPeers();
  offer(device);
  const ort = await import(new URL("onnxruntime-web/dist/ort.webgpu.mjs", modules).href);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = async (model: Model): Promise<OrtSession> => {
    const made = await ort.InferenceSession.create(onnxModel(model), {
      executionProviders: ["webgpu"],
      preferredOutputLocation: "gpu-buffer",
    });
    const used = await ort.env.webgpu.device;
    if (used.queue !== device.queue) throw new Error("onnxruntime-web runs on another device");
    return { run: async (inputs) => (await made.run(inputs))[model.output] };
  };
  return { ort, version: versionOf("onnxruntime-web"), session };
}
