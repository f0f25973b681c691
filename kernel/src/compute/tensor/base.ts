// What every tensor has: its shape, dtype and expression, and its life. Operations are in the classes that
// extend this one, each of which makes tensors of its own class.
import { CenoteError, currentCell, lineWord } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { BLOCKS, type Block, type Frame } from "../../pool/index.ts";
import { DTYPES, type Dtype, type HostArray } from "./dtypes.ts";
import { type Expr, type Leaf, storagesOf } from "./expr.ts";
import { computed } from "./fuse.ts";
import { hostLimit, hostValues, isFew, onHost } from "./host/engine.ts";
import { packedBytes, unpacked } from "./packing.ts";
import { isRowMajor, type Shape, shown, sizeOf } from "./shape.ts";
import { fits, type Storage } from "./storage.ts";
import { noteTensor } from "./tidy.ts";
import { isCostly } from "./wgsl/work.ts";

// An operation joins up to three expressions, whose parameters and memory must then fit one kernel.
/** Operations that an expression may hold before it is computed into memory. */
const MOST_CALLS = 24;
/** Of few elements on the host, operations that are done again at each read, and take no memory. */
const CHEAP_CALLS = 2;
/** Places of elements that an expression may name: their strides are parameters of the kernel. */
const MOST_PLACES = 5;

export abstract class TensorBase {
  readonly gpu: Gpu;
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly cell: number;
  readonly line: number;
  /** What made it, for the panel and errors. */
  readonly name: string;
  /** The pool's scope in which it was made: its elements belong there, wherever they are computed. */
  readonly #scope: Frame | undefined;
  #expr: Expr;
  #held: readonly Storage[];
  #disposed = false;

  constructor(gpu: Gpu, shape: Shape, expr: Expr, name: string) {
    this.gpu = gpu;
    this.shape = shape;
    this.dtype = expr.dtype;
    this.name = name;
    this.cell = currentCell();
    this.line = lineWord[0]!;
    this.#scope = gpu.pool.openScope;
    this.#expr = expr;
    this.#held = storagesOf(expr).map((storage) => storage.retain());
    noteTensor(this);
    if (isTooComplex(gpu, expr, this.#held.length)) this.compute();
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of the pool that the elements take; 0 while the tensor waits to be computed, or is made of constants. */
  get bytes(): number {
    return this.#expr.kind === "leaf"
      ? this.#held.reduce((sum, { block }) => sum + block.bytes, 0)
      : 0;
  }

  /** Whether its elements are in memory; else they are computed, fused with what uses them. */
  get computed(): boolean {
    return this.#expr.kind === "leaf";
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** What it is in errors. */
  get described(): string {
    const where = this.cell > 0 ? ` (cell [${this.cell}] line ${this.line})` : "";
    return `tensor "${this.name}" ${this.dtype}${shown(this.shape)}${where}`;
  }

  /**
   * Its expression. Errors name the tensor and its cell. Throws DISPOSED, TENSOR_LOST where its device was lost, and
   * FOREIGN_TENSOR for another device's.
   */
  expression(gpu = this.gpu): Expr {
    if (this.#disposed) throw disposed(this.described);
    if (this.gpu.pool.closed) throw lost(this.described);
    if (this.#held.some(({ block }) => block.disposed)) throw disposed(this.described);
    if (gpu === this.gpu) return this.#expr;
    const wrong = gpu.pool.closed
      ? "is on the device that there is, the other operands on one that was lost"
      : "is of another device";
    throw new CenoteError("FOREIGN_TENSOR", `${this.described} ${wrong}`, {
      mend: "Read what lies elsewhere and make it anew on this device.",
    });
  }

  /** Its elements in memory, computed now if they were not. */
  stored(): Leaf {
    this.compute();
    return this.#expr as Leaf;
  }

  /** Its elements in memory, in the order of the rows from the memory's beginning. `copied`: whose end is the caller's. */
  packed(): { leaf: Leaf; copied: boolean } {
    const found = this.stored();
    const { strides, offset } = found;
    const whole = offset === 0 && isRowMajor(this.shape, strides);
    if (whole) return { leaf: found, copied: false };
    return { leaf: computed(this.gpu, found, this.shape, this.name), copied: true };
  }

  /** Computes the elements into memory, if they wait for it. Returns the tensor. */
  compute(): this {
    const expr = this.expression();
    if (expr.kind === "leaf") return this;
    const { gpu, shape, name } = this;
    this.#become(gpu.pool.within(this.#scope, () => computed(gpu, expr, shape, name)));
    return this;
  }

  #become(made: Leaf): void {
    const before = this.#held;
    this.#held = [made.storage.retain()];
    this.#expr = made;
    for (const storage of before) storage.release();
  }

  /** The elements where the host has them, or makes them, and they are few; `own`: nobody else has the array. */
  #known(): { values: HostArray; own: boolean } | undefined {
    if (!isFew(this.gpu, this.size)) return undefined;
    const expr = this.expression();
    if (expr.kind === "leaf") {
      const values = hostValues(this.gpu, expr, this.shape);
      return values && { values, own: values !== expr.storage.host };
    }
    if (isCheap(expr)) {
      const values = hostValues(this.gpu, expr, this.shape);
      return values && { values, own: true };
    }
    const { gpu, shape, name } = this;
    const made = gpu.pool.within(this.#scope, () => onHost(gpu, expr, shape, name));
    if (!made) return undefined;
    this.#become(made);
    return { values: made.storage.host!, own: false };
  }

  /**
   * Brings what it needs back to the device that was spilled, from disk too. Rejects with DISPOSED, OutOfPoolMemory.
   */
  async resident(): Promise<this> {
    this.expression();
    await this.gpu.resident([...this[BLOCKS]()]);
    return this;
  }

  /** packed(), waiting for what lies on disk where a kernel needs it. */
  async #fetched(): Promise<{ leaf: Leaf; copied: boolean }> {
    const expr = this.expression();
    const plain = expr.kind === "leaf" && expr.offset === 0 && isRowMajor(this.shape, expr.strides);
    if (plain) return this.packed();
    using _held = await this.gpu.hold([...this[BLOCKS]()]);
    return this.packed();
  }

  /**
   * The elements on the host, in the order of the rows: of f16 a Float16Array, of i4 an Int8Array, of bool a
   * Uint8Array of 0 and 1. One read-back. Rejects with DISPOSED.
   */
  async read(): Promise<InstanceType<(typeof DTYPES)[Dtype]["array"]>> {
    const count = this.size;
    const { array } = DTYPES[this.dtype];
    if (count === 0) {
      this.expression();
      return new array(0);
    }
    const known = this.#known();
    if (known) return known.own ? known.values : known.values.slice();
    const { leaf, copied } = await this.#fetched();
    try {
      const [bytes] = await this.gpu.read([{ block: leaf.storage.ready() }]);
      const found = unpacked(bytes!, this.dtype, count);
      if (!copied && count <= hostLimit(this.gpu)) leaf.storage.know(found);
      return found;
    } finally {
      if (copied) leaf.storage.block.dispose();
    }
  }

  /** The same into an array that the caller has, of the dtype's kind and as many elements. Rejects with SIZE. */
  async readInto(array: ArrayBufferView): Promise<void> {
    if (!ArrayBuffer.isView(array)) {
      throw new CenoteError("SIZE", "readInto: wanted a typed array, found something else");
    }
    const { buffer, byteOffset, byteLength } = array;
    const into = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    const bytes = Math.ceil((this.size * DTYPES[this.dtype].bits) / 8);
    const known = byteLength === bytes ? this.#known() : undefined;
    if (known) {
      into.set(packedBytes(known.values, this.dtype, bytes));
      return;
    }
    const { leaf, copied } = await this.#fetched();
    try {
      if (byteLength > 0 || bytes > 0)
        await this.gpu.read([{ block: leaf.storage.ready(), bytes }], [into]);
    } finally {
      if (copied) leaf.storage.block.dispose();
    }
  }

  /** Gives the memory back, unless a view or an expression still needs it. Twice is harmless. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const storage of this.#held) storage.release();
    this.#held = [];
    // What only expressions that were dropped still hold is garbage, although this tensor is at hand.
    this.#expr = { kind: "constant", dtype: this.dtype, word: 0 };
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The blocks that it needs, for scopes and `pool.keep`. */
  [BLOCKS](): Iterable<Block> {
    return this.#held.map(({ block }) => block);
  }

  /** A tensor of this one's class, for operations. */
  make(shape: Shape, expr: Expr, name: string): this {
    const Class = this.constructor as new (
      gpu: Gpu,
      shape: Shape,
      expr: Expr,
      name: string,
    ) => this;
    return new Class(this.gpu, shape, expr, name);
  }
}

/**
 * The tensor, for kernels that take its elements `times` in all: computed into memory now, if that is more than once
 * each, they are costly, and memory can hold them.
 */
export function forReads<T extends TensorBase>(x: T, times: number): T {
  const again = times > x.size && x.size > 0 && isCostly(x.expression());
  return again && fits(x.gpu, x.size, x.dtype) ? x.compute() : x;
}

/** Whether few elements are made anew as quickly as they are kept. */
const isCheap = (expr: Expr): boolean => expr.kind !== "call" || expr.calls <= CHEAP_CALLS;

function isTooComplex(gpu: Gpu, expr: Expr, storages: number): boolean {
  if (expr.kind !== "call") return false;
  const bindings = gpu.adapter.limits["maxStorageBuffersPerShaderStage"] ?? 8;
  const most = Math.floor((bindings - 1) / 3); // one is the result's
  return expr.calls > MOST_CALLS || storages > most || expr.placed.length > MOST_PLACES;
}

export function disposed(what: string): CenoteError {
  return new CenoteError("DISPOSED", `${what} was disposed: its GPU memory is back in the pool`, {
    mend: "Dispose it later, or keep it out of its scope with pool.keep(tensor).",
  });
}

/** Elements went with their device. */
export function lost(what: string): CenoteError {
  return new CenoteError("TENSOR_LOST", `${what} was on a GPU device that was lost, and is gone`, {
    mend: "Make it anew: the next operation opens a new device.",
  });
}
