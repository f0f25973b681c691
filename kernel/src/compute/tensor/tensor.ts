// GpuTensor: what people hold.
import { Linear } from "./linear.ts";

/** An n-dimensional array in the pool, or an expression of such. Immutable; operations return new tensors. */
export class GpuTensor extends Linear {}
