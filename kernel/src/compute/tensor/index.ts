// Tensors in the pool: what the rooms above see.
export {
  arange,
  createTensor,
  eye,
  full,
  linspace,
  type TensorData,
  type TensorOptions,
} from "./create.ts";
export type { Dtype } from "./dtypes.ts";
export { einsum } from "./einsum.ts";
export {
  fromJax,
  fromOrt,
  fromTF,
  type Jax,
  type JaxArray,
  type Ort,
  type OrtTensor,
  type TfJs,
  type TfTensor,
  toOrt,
  toTF,
} from "./frameworks.ts";
export { preferHost } from "./host/engine.ts";
export type { ResizeOptions } from "./images.ts";
export type { Quantized } from "./linear.ts";
export type { Unique } from "./lookups.ts";
export { tableToTensor } from "./matrix.ts";
export type { Operand as TensorOperand } from "./operands.ts";
export { candidates as productPlans } from "./product/plan.ts";
export { RandomStream } from "./random.ts";
export type { Border } from "./rearranging.ts";
export { type SparseOptions, sparseFrom } from "./sparse/from-dense.ts";
export { createSparse } from "./sparse/from-host.ts";
export type { HostSparse, SparseFormat, SparseParts } from "./sparse/parts.ts";
export { GpuSparse } from "./sparse/sparse.ts";
export { GpuTensor } from "./tensor.ts";
export type { Tuned } from "./tuning/store.ts";
export { type TuneOptions, tune } from "./tuning/tune.ts";
export { forgetTuned, preferPlan, tunedOn } from "./tuning/tuned.ts";
export type { Slice } from "./views.ts";
export type {
  ConvolutionOptions,
  TransposedOptions,
  WindowOptions as ImageWindows,
} from "./windows.ts";
