// One device with its pool: what the rooms above call. Parts: recorder.ts orders commands, staging.ts
// moves bytes, pipelines.ts compiles, binds.ts binds, memory.ts backs the pool.
import { CenoteError } from "../base/index.ts";
import { type AllocateOptions, type Block, type Hold, Pool } from "../pool/index.ts";
import { Binds } from "./binds.ts";
import type { Budgets } from "./budgets.ts";
import { checkCall, checkedWorkgroups } from "./calls.ts";
import type { DeviceErrors } from "./errors.ts";
import { ForeignBlock, pooled } from "./foreign.ts";
import { HostBuffers } from "./host-buffers.ts";
import { GpuMemory } from "./memory.ts";
import { Params } from "./params.ts";
import { CompiledPipeline, Pipelines } from "./pipelines.ts";
import { mustNotOverlap, Ranges } from "./ranges.ts";
import { fetchReads, recordReads } from "./readback.ts";
import { Recorder } from "./recorder.ts";
import { Scratch } from "./scratch.ts";
import { GpuCarrier } from "./spill.ts";
import { UploadRing } from "./staging.ts";
import type {
  AdapterFacts,
  DispatchCall,
  Gpu,
  GpuCounts,
  GpuRange,
  Pipeline,
  PipelineSpec,
  UploadPart,
} from "./types.ts";
import { untilStopped } from "./until-stopped.ts";
import { Uploads } from "./uploads.ts";

/** Share of the budget below which slabs are not made anew for the sake of other sizes. */
const FLOOR_SHARE = 1 / 16;

export class DawnGpu implements Gpu {
  readonly adapter: AdapterFacts;
  readonly device: GPUDevice;
  readonly pool: Pool;
  readonly maxBinding: number;
  readonly errors: DeviceErrors;
  // Each look at a property of Dawn's is a call of it.
  readonly #most: { workgroups: number; buffer: number };
  readonly #queue: GPUQueue;
  readonly #memory: GpuMemory;
  readonly #binds: Binds;
  readonly #pipelines: Pipelines;
  readonly #recorder: Recorder;
  readonly #uploads: Uploads;
  readonly #reads: HostBuffers;
  readonly #ranges: Ranges;
  readonly #scratch: Scratch;
  readonly #counts = {
    uploads: 0,
    uploadBytes: 0,
    readBacks: 0,
    readBackBytes: 0,
    dispatches: 0,
    gpuCopies: 0,
  };

  constructor(
    device: GPUDevice,
    adapter: AdapterFacts,
    errors: DeviceErrors,
    { device: budget, ...tiers }: Budgets,
  ) {
    this.device = device;
    this.adapter = adapter;
    this.errors = errors;
    const { limits } = device;
    this.maxBinding = limits.maxStorageBufferBindingSize;
    const { maxComputeWorkgroupsPerDimension: workgroups, maxBufferSize: buffer } = limits;
    this.#most = { workgroups, buffer };
    this.#queue = device.queue;
    this.#binds = new Binds(device);
    this.#pipelines = new Pipelines(device, this.#binds, errors);
    const count = (bytes: number) => this.pool.countStaging(bytes);
    const ring = new UploadRing(device, { budget, software: adapter.software, count });
    this.#reads = new HostBuffers(device, count);
    const params = new Params(device, this.#binds);
    this.#recorder = new Recorder(device, errors, params, ring);
    this.#scratch = new Scratch(device, this.#recorder);
    this.#memory = new GpuMemory(
      adapter.name,
      device,
      errors,
      this.#recorder,
      this.#scratch,
      this.#binds,
    );
    this.#memory.carrier = new GpuCarrier({
      device,
      recorder: this.#recorder,
      ring,
      buffers: this.#reads,
      buffer: (slab) => this.#memory.buffer(slab),
      count,
    });
    this.pool = new Pool(this.#memory, { budget, tiers, floor: budget * FLOOR_SHARE });
    this.#ranges = new Ranges(this.pool, this.#memory, limits);
    this.#uploads = new Uploads({
      pool: this.pool,
      queue: this.#queue,
      errors,
      ranges: this.#ranges,
      recorder: this.#recorder,
      ring,
    });
  }

  get counts(): Readonly<GpuCounts> {
    return {
      ...this.#counts,
      submits: this.#recorder.submits,
      pipelines: this.#pipelines.count,
    };
  }

  allocate(bytes: number, options?: AllocateOptions): Block {
    this.errors.throwIfLost();
    return this.pool.allocate(bytes, options);
  }

  allocateAsync(bytes: number, options?: AllocateOptions): Promise<Block> {
    this.errors.throwIfLost();
    return this.pool.residence.allocate(bytes, options);
  }

  resident(blocks: readonly Block[]): Promise<void> {
    return this.pool.residence.use(pooled(blocks), () => {});
  }

  hold(blocks: readonly Block[]): Promise<Hold> {
    return this.pool.residence.hold(pooled(blocks));
  }

  prefetch(blocks: readonly Block[]): void {
    this.pool.residence.prefetch(pooled(blocks));
  }

  async upload(parts: readonly UploadPart[]): Promise<void> {
    this.#countUpload(await this.#uploads.upload(parts));
  }

  write(part: UploadPart): void {
    this.#countUpload(this.#uploads.write(part));
  }

  #countUpload(bytes: number): void {
    this.#counts.uploads++;
    this.#counts.uploadBytes += bytes;
    this.pool.countTransfer("upload", bytes);
  }

  read(ranges: readonly GpuRange[]): Promise<Uint8Array<ArrayBuffer>[]>;
  read(ranges: readonly GpuRange[], into: readonly Uint8Array[]): Promise<Uint8Array[]>;
  async read(ranges: readonly GpuRange[], into?: readonly Uint8Array[]): Promise<Uint8Array[]> {
    this.errors.throwIfLost();
    const { residence } = this.pool;
    const targets = ranges.map((range, i) => {
      return { range, into: target(into?.[i], this.#ranges.extent(range).bytes, i) };
    });
    const isAway = ({ range: { block } }: { range: GpuRange }) =>
      !(block instanceof ForeignBlock) && residence.isAway(block);
    const here = targets.filter((one) => !isAway(one));
    const away = targets.filter(isAway);
    const limit = this.#most.buffer;
    const batches = this.pool.operation(() => {
      const wanted = here.map(({ range, into }) => ({ from: this.#ranges.resolve(range), into }));
      return recordReads(wanted, this.#recorder, this.#reads, limit);
    });
    const spilled = away.map(({ range, into }) =>
      residence.read(range.block, range.offset ?? 0, into),
    );
    const fetched = Promise.all([fetchReads(batches, this.#reads), ...spilled]);
    await untilStopped(this.pool, fetched).catch((error: unknown) => {
      this.errors.throwIfLost();
      throw error;
    });
    this.errors.throwLate();
    const total = targets.reduce((sum, { into }) => sum + into.byteLength, 0);
    this.#counts.readBacks++;
    this.#counts.readBackBytes += total;
    this.pool.countTransfer("readBack", total);
    return targets.map(({ into }) => into);
  }

  zero(range: GpuRange): void {
    this.errors.throwIfLost();
    this.pool.operation(() => {
      this.pool.residence.ensure(pooled([range.block]));
      const to = this.#ranges.resolveWrite(range);
      if (to.bytes > 0) this.#recorder.clear(to, to.bytes);
    });
  }

  copy(from: GpuRange, to: GpuRange): void {
    this.errors.throwIfLost();
    const wanted = this.#ranges.extent(from).bytes;
    const whole = { ...to, bytes: to.bytes ?? wanted };
    if (this.#ranges.extent(whole).bytes !== wanted) {
      throw new CenoteError("SIZE", `wanted to copy ${wanted} bytes into a range of ${to.bytes}`, {
        mend: "Give ranges of the same length.",
      });
    }
    this.pool.operation(() => {
      this.pool.residence.ensure(pooled([from.block, to.block]));
      const source = this.#ranges.resolve(from);
      this.#scratch.copy(source, this.#ranges.resolveWrite(whole), source.bytes);
    });
    this.#counts.gpuCopies++;
  }

  pipeline(spec: PipelineSpec): Pipeline {
    return this.pool.operation(() => this.#pipelines.get(spec));
  }

  dispatch(pipeline: Pipeline, call: DispatchCall): void {
    this.errors.throwIfLost();
    if (!(pipeline instanceof CompiledPipeline)) {
      throw new CenoteError("BAD_PIPELINE", "wanted a pipeline that gpu.pipeline gave");
    }
    const { bindings, params } = call;
    const workgroups = checkedWorkgroups(pipeline.label, call.workgroups, this.#most.workgroups);
    checkCall(pipeline, bindings.length, params);
    this.pool.operation(() => {
      this.pool.residence.ensure(blocksOf(call));
      const bound = bindings.map((range, i) =>
        this.#ranges.resolveBinding(range, pipeline.label, i),
      );
      mustNotOverlap(bound, pipeline.label);
      this.#recorder.dispatch(pipeline, this.#binds.group(bound), bound, params, workgroups);
    });
    this.#counts.dispatches++;
  }

  dispatchAsync(pipeline: Pipeline, call: DispatchCall): Promise<void> {
    return this.pool.residence.use(blocksOf(call), () => this.dispatch(pipeline, call));
  }

  adopt(buffer: GPUBuffer, tag: string, end?: () => void): Block {
    const block: Block = new ForeignBlock(buffer, tag, () => {
      this.#binds.forget(block.id);
      end?.();
    });
    return block;
  }

  submit(): void {
    this.errors.throwIfLost();
    this.pool.operation(() => this.#recorder.submit());
  }

  async finish(): Promise<void> {
    this.submit();
    await untilStopped(this.pool, this.#queue.onSubmittedWorkDone());
    this.errors.throwLate();
  }
}

/** Where a range's bytes are read to: what the caller gave, or new memory. */
function target(given: Uint8Array | undefined, bytes: number, index: number): Uint8Array {
  if (!given) return new Uint8Array(bytes);
  if (given.byteLength === bytes) return given;
  throw new CenoteError(
    "SIZE",
    `range ${index}: wanted ${bytes} bytes to read into, found ${given.byteLength}`,
    { mend: "Give a view of exactly the range's length." },
  );
}

const blocksOf = (call: DispatchCall): Block[] => pooled(call.bindings.map(({ block }) => block));
