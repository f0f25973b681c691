// The open encoder: every command on pool memory is recorded here, in order — dispatches, copies,
// clears, and the copies out of staging pages that uploads are. Because host data reaches a block only
// through such a copy, no write can overtake a command that was recorded before it, and a block that
// is disposed and handed out again is written after its last use. What remains to be guarded is a
// slab that goes back to the device: the commands that mention it are submitted first.
import type { DeviceErrors } from "./errors.ts";
import type { Params } from "./params.ts";
import type { CompiledPipeline } from "./pipelines.ts";
import type { UploadRing } from "./staging.ts";

/** Commands in one encoder before it is submitted by itself, so that the GPU starts early. */
const LONG = 512;

/** A range of a slab's buffer, bytes; offset and bytes are multiples of 4. */
export interface BufferRange {
  slab: number;
  buffer: GPUBuffer;
  offset: number;
}

export class Recorder {
  readonly #device: GPUDevice;
  readonly #queue: GPUQueue;
  readonly #errors: DeviceErrors;
  readonly #params: Params;
  readonly #ring: UploadRing;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** What the pass has set. */
  #pipeline: CompiledPipeline | undefined;
  #group: GPUBindGroup | undefined;
  #commands = 0;
  readonly #mentioned = new Set<number>();
  submits = 0;

  constructor(device: GPUDevice, errors: DeviceErrors, params: Params, ring: UploadRing) {
    this.#device = device;
    this.#queue = device.queue; // each look at a property of Dawn's is a call of it
    this.#errors = errors;
    this.#params = params;
    this.#ring = ring;
  }

  /** Whether commands that are not submitted yet use this slab. */
  mentions(slab: number): boolean {
    return this.#mentioned.has(slab);
  }

  dispatch(
    pipeline: CompiledPipeline,
    group: GPUBindGroup,
    bound: readonly { slab: number }[],
    params: Uint32Array | undefined,
    workgroups: readonly [number, number, number],
  ): void {
    if (params && !this.#params.fits(params.byteLength)) this.submit();
    this.#pass ??= this.#begin();
    const pass = this.#pass;
    if (this.#pipeline !== pipeline) pass.setPipeline(pipeline.compiled);
    if (this.#group !== group) pass.setBindGroup(0, group);
    this.#pipeline = pipeline;
    this.#group = group;
    if (params) pass.setBindGroup(1, this.#params.group, [this.#params.add(params)]);
    pass.dispatchWorkgroups(...workgroups);
    for (const { slab } of bound) this.#mentioned.add(slab);
    this.#count();
  }

  /** Copies between different buffers. */
  copy(from: BufferRange, to: BufferRange, bytes: number): void {
    this.#mentioned.add(from.slab).add(to.slab);
    this.#outside().copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, bytes);
    this.#count();
  }

  /** Copies from a buffer that is no slab (staging, scratch). */
  copyIn(from: GPUBuffer, fromOffset: number, to: BufferRange, bytes: number): void {
    this.#mentioned.add(to.slab);
    this.#outside().copyBufferToBuffer(from, fromOffset, to.buffer, to.offset, bytes);
    this.#count();
  }

  /** Copies to a buffer that is no slab. */
  copyOut(from: BufferRange, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.#mentioned.add(from.slab);
    this.#outside().copyBufferToBuffer(from.buffer, from.offset, to, toOffset, bytes);
    this.#commands++; // its caller submits
  }

  clear(range: BufferRange, bytes: number): void {
    this.#mentioned.add(range.slab);
    this.#outside().clearBuffer(range.buffer, range.offset, bytes);
    this.#count();
  }

  /** Hands the recorded commands to the queue; nothing when there are none. */
  submit(): void {
    const encoder = this.#encoder;
    if (!encoder) return;
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder = undefined;
    this.#commands = 0;
    this.#mentioned.clear();
    const mapAgain = this.#ring.beforeSubmit();
    this.#params.flush();
    try {
      this.#errors.guard(
        "GPU_ERROR",
        (message) => `the GPU refused recorded commands: ${message}`,
        () => this.#queue.submit([encoder.finish()]),
      );
    } finally {
      this.submits++;
      mapAgain();
    }
  }

  #open(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #begin(): GPUComputePassEncoder {
    this.#pipeline = undefined;
    this.#group = undefined;
    return this.#open().beginComputePass();
  }

  #outside(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#open();
  }

  #count(): void {
    this.#commands++;
    if (this.#commands >= LONG || this.#ring.staged >= this.#ring.submitAt) this.submit();
  }
}
