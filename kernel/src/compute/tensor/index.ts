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
export { RandomStream } from "./random.ts";
export { GpuTensor } from "./tensor.ts";
