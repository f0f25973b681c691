// Counts what other libraries (TF.js, onnxruntime-web …) allocate on a device: buffers, textures and query
// sets that are made through the wrapped device. Shown as "outside" the pool; the pool's own slabs and
// staging are made on the device itself and never counted here.
//
// It is our count of what was asked for. A buffer that is dropped without destroy counts until the garbage
// collector finds it, as it does on the device.
import { books, COUNTER } from "../base/index.ts";
import { textureBytes } from "./texture-bytes.ts";

type Destroyable = GPUBuffer | GPUTexture | GPUQuerySet;

/** Bytes a query takes. */
const QUERY_BYTES = 8;

const wrapped = new WeakMap<GPUDevice, GPUDevice>();
const wrappers = new WeakSet<GPUDevice>();

/**
 * The device with its allocations counted; hand it to libraries in the device's place. The same wrapper
 * each time. What was allocated on the device itself is not counted.
 */
export function countOutside(device: GPUDevice): GPUDevice {
  if (wrappers.has(device)) return device;
  let wrapper = wrapped.get(device);
  if (!wrapper) {
    wrapper = wrap(device, new Tally(device));
    wrapped.set(device, wrapper);
    wrappers.add(wrapper);
  }
  return wrapper;
}

/** What is allocated through one wrapper; ends with its device. */
class Tally {
  #bytes = 0;
  #over = false;
  readonly #dropped = new FinalizationRegistry<number>((bytes) => this.#add(-bytes));

  constructor(device: GPUDevice) {
    const end = () => {
      this.#add(-this.#bytes);
      this.#over = true;
    };
    device.lost.then(end, end);
  }

  /** Counts an allocation until it is destroyed or collected. */
  count<T extends Destroyable>(made: T, bytes: number): T {
    const token = {};
    const destroy = made.destroy.bind(made);
    let live = true;
    this.#add(bytes);
    this.#dropped.register(made, bytes, token);
    // Not an arrow that holds `made`: it must stay collectable while the registry knows it.
    made.destroy = () => {
      if (live) {
        live = false;
        this.#dropped.unregister(token);
        this.#add(-bytes);
      }
      return destroy();
    };
    return made;
  }

  #add(bytes: number): void {
    if (this.#over) return;
    this.#bytes += bytes;
    books().counters[COUNTER.outsideBytes]! += bytes;
  }
}

/** A device that passes everything on to `device`, whose methods must be called on itself. */
function wrap(device: GPUDevice, tally: Tally): GPUDevice {
  const methods = new Map<PropertyKey, unknown>();
  const counting: Partial<GPUDevice> = {
    createBuffer(descriptor) {
      const made = device.createBuffer(descriptor);
      // Beyond the limit it is an error, which the device reports, and takes nothing.
      return made.size > device.limits.maxBufferSize ? made : tally.count(made, made.size);
    },
    createTexture(descriptor) {
      const made = device.createTexture(descriptor);
      return tally.count(made, textureBytes(made));
    },
    createQuerySet(descriptor) {
      const made = device.createQuerySet(descriptor);
      return tally.count(made, made.count * QUERY_BYTES);
    },
  };
  return new Proxy(device, {
    get(target, name) {
      if (Object.hasOwn(counting, name)) return counting[name as keyof typeof counting];
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function" || name === "constructor") return value;
      if (!methods.has(name)) methods.set(name, value.bind(target));
      return methods.get(name);
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
