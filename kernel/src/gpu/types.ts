// What the rooms above see of the GPU: ranges of blocks, pipelines, one Gpu per process.
import type { AllocateOptions, Block, Hold, Pool } from "../pool/index.ts";

/** Bytes within a block. The offset must be a multiple of 4 (of 256 for bindings). */
export interface GpuRange {
  block: Block;
  /** Default 0. */
  offset?: number;
  /** Default: to the block's end. */
  bytes?: number;
}

/** A compiled compute kernel. */
export interface Pipeline {
  readonly label: string;
}

export interface PipelineSpec {
  label: string;
  /** WGSL. Storage bindings are `@group(0) @binding(0..n-1) var<storage, read_write>`. */
  code: string;
  /** Default "main". */
  entryPoint?: string;
  /** Number of storage bindings. */
  bindings: number;
  /** Whether it has `@group(1) @binding(0) var<uniform>` parameters (at most 1 KiB of u32 words). */
  params?: boolean;
}

export interface DispatchCall {
  bindings: GpuRange[];
  params?: Uint32Array;
  workgroups: [number, number?, number?];
}

export interface UploadPart {
  block: Block;
  /** Bytes within the block, a multiple of 4. Default 0. */
  offset?: number;
  data: ArrayBufferView;
}

/** What kernels may rely on, found out by running it. */
export interface SelfTest {
  /** NaN is told from numbers by its bits. */
  nanByBits: boolean;
  /** `x != x` is true for NaN. */
  nanByCompare: boolean;
  /** Denormal f32 values survive loads, stores and arithmetic. */
  denormals: boolean;
  /** Integer arithmetic wraps modulo 2^32. */
  integerWrap: boolean;
  /** Shifts by variables, and signed right shifts, behave as WGSL says. */
  shifts: boolean;
}

export interface AdapterFacts {
  /** As the driver names it. */
  name: string;
  vendor: string;
  architecture: string;
  /** Driver and version, as far as it is told. */
  driver: string;
  /** "Vulkan", "Metal", "D3D12" … where it is known. */
  backend: string;
  /** True when a processor does the adapter's work. */
  software: boolean;
  /** shader-f16. */
  f16: boolean;
  features: string[];
  limits: Record<string, number>;
  /** Absent until a device was opened on this adapter and driver version. */
  selfTest?: SelfTest;
}

/** Since the device was opened. */
export interface GpuCounts {
  uploads: number;
  uploadBytes: number;
  readBacks: number;
  readBackBytes: number;
  dispatches: number;
  submits: number;
  pipelines: number;
  /** Copies from block to block. */
  gpuCopies: number;
}

export interface Gpu {
  readonly adapter: AdapterFacts;
  readonly pool: Pool;
  /** For what this room does not offer. Its errors outside our calls are thrown by the next wait. */
  readonly device: GPUDevice;
  /** Largest storage binding, bytes. */
  readonly maxBinding: number;
  readonly counts: Readonly<GpuCounts>;
  /** A block of at least `bytes`, aligned to 256. Throws OutOfPoolMemory. */
  allocate(bytes: number, options?: AllocateOptions): Block;
  /** The same, but waits where spilled blocks must be written to disk to make room. */
  allocateAsync(bytes: number, options?: AllocateOptions): Promise<Block>;
  /** Brings blocks back that were spilled. They stay while nothing else needs their room. */
  resident(blocks: readonly Block[]): Promise<void>;
  /** Brings blocks back that were spilled, and keeps them on the device until they are released. */
  hold(blocks: readonly Block[]): Promise<Hold>;
  /** Begins to bring blocks back that will be used soon. */
  prefetch(blocks: readonly Block[]): void;
  /** Copies all parts into their blocks; one upload by count. Resolves when queued; leave `data` alone until then. */
  upload(parts: readonly UploadPart[]): Promise<void>;
  /** The same at once, for few bytes. Throws NOT_RESIDENT for a block on disk. */
  write(part: UploadPart): void;
  /** The bytes of each range, after all work recorded before; one read-back by count. */
  read(ranges: readonly GpuRange[]): Promise<Uint8Array<ArrayBuffer>[]>;
  /** The same into memory that the caller has, one view of exactly its length for each range. */
  read(ranges: readonly GpuRange[], into: readonly Uint8Array[]): Promise<Uint8Array[]>;
  zero(range: GpuRange): void;
  copy(from: GpuRange, to: GpuRange): void;
  /** Compiled once for each spec. A WGSL error is a CenoteError with the line. */
  pipeline(spec: PipelineSpec): Pipeline;
  /** Records one dispatch; it runs after everything recorded before it. */
  dispatch(pipeline: Pipeline, call: DispatchCall): void;
  /** The same, but waits for blocks of the call that were spilled and are not in host memory. */
  dispatchAsync(pipeline: Pipeline, call: DispatchCall): Promise<void>;
  /**
   * A buffer of another library on this device (of storage and copy usage) as a block, used where it is. `end`: called
   * when the block is disposed. What the other library has recorded it must submit before, and we (submit()) before it
   * goes on.
   */
  adopt(buffer: GPUBuffer, tag: string, end?: () => void): Block;
  submit(): void;
  /** Submits, and waits until the GPU has done everything. Rejects with the first error since the last wait. */
  finish(): Promise<void>;
}
