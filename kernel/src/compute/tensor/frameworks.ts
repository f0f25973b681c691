// Tensors shared with TF.js, onnxruntime-web and jax-js on the same device: both sides use one GPU buffer. A library is given
// as an argument, because none of them comes with Cenote; what of it is used is described here.
import { CenoteError } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { tensorOf, told } from "./arguments.ts";
import { bytesOf, DTYPES, type Dtype } from "./dtypes.ts";
import { leaf } from "./expr.ts";
import { fill } from "./fuse.ts";
import { checkedShape, rowMajor, type Shape, sizeOf } from "./shape.ts";
import { Storage } from "./storage.ts";
import { GpuTensor } from "./tensor.ts";

/** STORAGE | COPY_SRC | COPY_DST (WebGPU, section 5.1.2). */
const USAGE = 0x80 | 0x04 | 0x08;
/** What kernels and reading back need: STORAGE | COPY_SRC. */
const NEEDED = 0x80 | 0x04;

export interface TfTensor {
  readonly shape: number[];
  readonly dtype: string;
  readonly dataId: object;
  /** Another tensor over the same data, which TF.js counts. */
  clone(): TfTensor;
  dispose(): void;
}

/** What of TF.js (core 4, with its WebGPU backend on sharedDevice()) is used. */
export interface TfJs {
  tensor(
    data: { buffer: GPUBuffer; zeroCopy: boolean },
    shape: number[],
    dtype: "float32" | "int32",
  ): TfTensor;
  /** Keeps a tensor beyond tf.tidy. */
  keep(tensor: TfTensor): TfTensor;
  backend(): unknown;
}

interface TfBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(id: object): { resource?: GPUBuffer } | undefined };
  uploadToGPU(id: object): void;
  /** null when nothing is recorded. */
  readonly commandEncoder: GPUCommandEncoder | null;
  submitQueue(): void;
  endComputePassEncoder(): void;
}

const TF_DTYPES: Partial<Record<Dtype, "float32" | "int32">> = { f32: "float32", i32: "int32" };

function backendOf(tf: TfJs, gpu: Gpu): TfBackend {
  const backend = (typeof tf?.backend === "function" ? tf.backend() : {}) as TfBackend;
  if (backend?.device && backend.tensorMap && "submitQueue" in backend) {
    if (backend.device.queue === gpu.device.queue) return backend;
    throw otherDevice("TF.js");
  }
  throw new CenoteError(
    "FRAMEWORK",
    "wanted TF.js with its WebGPU backend as the second argument",
    {
      mend: "docs/tensors.md has the lines that set it up; then toTF(x, tf), fromTF(theirs, tf).",
    },
  );
}

function otherDevice(library: string): CenoteError {
  return new CenoteError(
    "FOREIGN_DEVICE",
    `${library} runs on another GPU device, with which no buffer can be shared`,
    {
      mend: "Make its backend on `await sharedDevice()` (docs/tensors.md has the lines).",
    },
  );
}

/**
 * A buffer of its own that holds the tensor's elements, written by one kernel, which computes them if they wait; as what
 * a library makes of it, and as a tensor.
 */
function shared<T>(
  tensor: GpuTensor,
  library: string,
  device: GPUDevice,
  give: (buffer: GPUBuffer) => T,
): { other: T; mine: GpuTensor } {
  const { gpu, shape, dtype } = tensor;
  const expr = tensor.expression();
  const what = `shared with ${library}`;
  const buffer = device.createBuffer({
    label: what,
    size: bytesOf(dtype, sizeOf(shape)),
    usage: USAGE,
  });
  const storage = new Storage(gpu, gpu.adopt(buffer, what)).retain();
  try {
    fill(gpu, storage, dtype, expr, shape, what);
    gpu.submit(); // what we recorded comes before what the library will
    return { other: give(buffer), mine: over(gpu, storage, dtype, shape, what) };
  } catch (error) {
    buffer.destroy();
    throw error;
  } finally {
    storage.release();
  }
}

function checkedFor(
  tensor: GpuTensor,
  dtypes: Partial<Record<Dtype, string>>,
  library: string,
): string {
  const found = dtypes[tensorOf(tensor, library, "what is shared").dtype];
  if (found) return found;
  throw new CenoteError(
    "DTYPE",
    `${library} shares ${Object.keys(dtypes).join(", ")}; found ${tensor.described}`,
    {
      mend: "Cast it first.",
    },
  );
}

/**
 * This tensor as one of TF.js, over a buffer that both use: what one side writes, the other sees. The elements are
 * computed into the buffer, or copied there on the GPU once. The TF tensor's dispose ends its use of it; ours is the
 * tensor that comes with it. The buffer goes when both have ended and are collected. Throws DTYPE, FOREIGN_DEVICE, FRAMEWORK.
 */
export function toTF(tensor: GpuTensor, tf: TfJs): { tf: TfTensor; tensor: GpuTensor } {
  const dtype = checkedFor(tensor, TF_DTYPES, "TF.js") as "float32" | "int32";
  const { device } = backendOf(tf, tensor.gpu);
  const { other, mine } = shared(tensor, "TF.js", device, (buffer) =>
    tf.tensor({ buffer, zeroCopy: true }, [...tensor.shape], dtype),
  );
  return { tf: other, tensor: mine };
}

/**
 * A tensor over the buffer of one of TF.js, which it keeps until it is disposed: theirs may be disposed before.
 * Throws as toTF.
 */
export function fromTF(gpu: Gpu, other: TfTensor, tf: TfJs): GpuTensor {
  const backend = backendOf(tf, gpu);
  const dtype = dtypeNamed(TF_DTYPES, other?.dtype, "fromTF");
  backend.uploadToGPU(other.dataId);
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  const buffer = backend.tensorMap.get(other.dataId)?.resource;
  if (!buffer)
    throw new CenoteError("FRAMEWORK", "fromTF: the TF tensor has no GPU buffer: it was disposed");
  const kept = tf.keep(other.clone());
  const end = endOf(gpu, kept);
  try {
    return adopted(gpu, buffer, dtype, other.shape, "of TF.js", end);
  } catch (error) {
    end();
    throw error;
  }
}

/** Gives back what keeps a library's buffer, after the kernels that use it and before the library uses it again. */
const endOf = (gpu: Gpu, kept: { dispose(): void }) => () => {
  gpu.submit();
  kept.dispose();
};

export interface OrtTensor {
  readonly dims: readonly number[];
  readonly type: string;
  /** "gpu-buffer" where gpuBuffer is there. */
  readonly location?: string;
  readonly gpuBuffer: GPUBuffer;
}

/** What of onnxruntime-web is used: the class Tensor. */
export interface Ort {
  readonly Tensor: {
    fromGpuBuffer(
      buffer: GPUBuffer,
      options: { dataType: string; dims: number[]; dispose?: () => void },
    ): OrtTensor;
  };
}

const ORT_DTYPES: Partial<Record<Dtype, string>> = {
  f32: "float32",
  f16: "float16",
  i32: "int32",
  u32: "uint32",
  u8: "uint8",
};

const JAX_DTYPES: Partial<Record<Dtype, string>> = {
  f32: "float32",
  f16: "float16",
  i32: "int32",
  u32: "uint32",
};

/** This tensor as one of onnxruntime-web, whose session must run on sharedDevice(); otherwise as toTF. Throws DTYPE, FRAMEWORK. */
export function toOrt(tensor: GpuTensor, ort: Ort): { ort: OrtTensor; tensor: GpuTensor } {
  const dataType = checkedFor(tensor, ORT_DTYPES, "onnxruntime-web");
  if (typeof ort?.Tensor?.fromGpuBuffer !== "function") {
    throw new CenoteError("FRAMEWORK", "toOrt: wanted onnxruntime-web as the second argument", {
      mend: 'As in import * as ort from "onnxruntime-web/webgpu"; toOrt(x, ort).',
    });
  }
  const { other, mine } = shared(tensor, "onnxruntime-web", tensor.gpu.device, (buffer) =>
    ort.Tensor.fromGpuBuffer(buffer, { dataType, dims: [...tensor.shape] }),
  );
  return { ort: other, tensor: mine };
}

/**
 * A tensor over the GPU buffer of one of onnxruntime-web, which must live as long as ours is used. Throws DTYPE, and
 * FRAMEWORK where it lies elsewhere.
 */
export function fromOrt(gpu: Gpu, other: OrtTensor): GpuTensor {
  const where = other?.location ?? "gpu-buffer"; // elsewhere its gpuBuffer throws
  if (where !== "gpu-buffer" || !other?.gpuBuffer) {
    throw new CenoteError(
      "FRAMEWORK",
      `fromOrt: wanted a tensor of onnxruntime-web in a GPU buffer, found ${other?.location ? `one in ${where}` : told(other)}`,
      { mend: 'Make the session with preferredOutputLocation: "gpu-buffer".' },
    );
  }
  const dtype = dtypeNamed(ORT_DTYPES, other.type, "fromOrt");
  return adopted(gpu, other.gpuBuffer, dtype, other.dims, "of onnxruntime-web");
}

/** An array of jax-js, whose references are counted by hand. */
export interface JaxArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Itself, with one reference more. */
  readonly ref: JaxArray;
  /** Computes it, and takes a reference. */
  gpuBuffer(): Promise<GPUBuffer>;
  dispose(): void;
}

/** What of jax-js (0.1.25, with its WebGPU backend on sharedDevice()) is used. */
export interface Jax {
  getWebGPUDevice(): GPUDevice;
}

/**
 * A tensor over the buffer of an array of jax-js, which it keeps until it is disposed; the array's own reference stays
 * the caller's. jax-js takes no buffers of others, so there is no way back. Rejects with DTYPE, FOREIGN_DEVICE.
 */
export async function fromJax(gpu: Gpu, array: JaxArray, jax: Jax): Promise<GpuTensor> {
  if (jax.getWebGPUDevice().queue !== gpu.device.queue) throw otherDevice("jax-js");
  const dtype = dtypeNamed(JAX_DTYPES, array.dtype, "fromJax");
  const kept = array.ref;
  const end = endOf(gpu, kept);
  try {
    const buffer = await kept.ref.gpuBuffer();
    return adopted(gpu, buffer, dtype, array.shape, "of jax-js", end);
  } catch (error) {
    end();
    throw error;
  }
}

function dtypeNamed(names: Partial<Record<Dtype, string>>, wanted: unknown, where: string): Dtype {
  const found = (Object.keys(names) as Dtype[]).find((dtype) => names[dtype] === wanted);
  if (found) return found;
  throw new CenoteError(
    "DTYPE",
    `${where}: wanted one of ${Object.values(names).join(", ")}, found ${told(wanted)}`,
  );
}

function adopted(
  gpu: Gpu,
  buffer: GPUBuffer,
  dtype: Dtype,
  shape: Shape,
  what: string,
  end?: () => void,
): GpuTensor {
  const wanted = Math.ceil((sizeOf(checkedShape(shape, what)) * DTYPES[dtype].bits) / 8);
  if (buffer.size < wanted)
    throw new CenoteError(
      "SIZE",
      `${what}: wanted a buffer of ${wanted} bytes, found ${buffer.size}`,
    );
  if ((buffer.usage & NEEDED) !== NEEDED)
    throw new CenoteError(
      "FRAMEWORK",
      `${what}: wanted a buffer with the usages STORAGE and COPY_SRC, found usage ${buffer.usage}`,
    );
  return over(gpu, new Storage(gpu, gpu.adopt(buffer, what, end)), dtype, shape, what);
}

const over = (gpu: Gpu, storage: Storage, dtype: Dtype, shape: Shape, what: string): GpuTensor =>
  new GpuTensor(gpu, [...shape], leaf(storage, dtype, rowMajor(shape)), what);
