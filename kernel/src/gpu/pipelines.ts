// Compiles WGSL, once for each text, and words the compiler's errors with the line they mean.
import type { Binds } from "./binds.ts";
import type { DeviceErrors } from "./errors.ts";
import type { Pipeline, PipelineSpec } from "./types.ts";

export class CompiledPipeline implements Pipeline {
  readonly label: string;
  readonly bindings: number;
  readonly params: boolean;
  readonly compiled: GPUComputePipeline;

  constructor(label: string, bindings: number, params: boolean, compiled: GPUComputePipeline) {
    this.label = label;
    this.bindings = bindings;
    this.params = params;
    this.compiled = compiled;
  }
}

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #binds: Binds;
  readonly #errors: DeviceErrors;
  readonly #kept = new Map<string, CompiledPipeline>();

  constructor(device: GPUDevice, binds: Binds, errors: DeviceErrors) {
    this.#device = device;
    this.#binds = binds;
    this.#errors = errors;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** Throws WGSL for text that does not compile, PIPELINE where it does not fit its bindings. */
  get(spec: PipelineSpec): CompiledPipeline {
    const entryPoint = spec.entryPoint ?? "main";
    const params = spec.params ?? false;
    const key = `${spec.bindings} ${params} ${entryPoint}\n${spec.code}`;
    let pipeline = this.#kept.get(key);
    if (!pipeline) {
      pipeline = this.#compile(spec, entryPoint, params);
      this.#kept.set(key, pipeline);
    }
    return pipeline;
  }

  #compile(spec: PipelineSpec, entryPoint: string, params: boolean): CompiledPipeline {
    const { label, code } = spec;
    const module = this.#errors.guard(
      "WGSL",
      (message) => wgslError(label, code, message),
      () => this.#device.createShaderModule({ label, code }),
    );
    const layouts = [this.#binds.layout(spec.bindings)];
    if (params) layouts.push(this.#binds.paramsLayout);
    const compiled = this.#errors.guard(
      "PIPELINE",
      (message) =>
        `kernel "${label}" does not fit its ${spec.bindings} read_write storage bindings${params ? " and parameters" : ""}: ${message}`,
      () =>
        this.#device.createComputePipeline({
          label,
          layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: layouts }),
          compute: { module, entryPoint },
        }),
    );
    return new CompiledPipeline(label, spec.bindings, params, compiled);
  }
}

function wgslError(label: string, code: string, message: string): string {
  const found = /:(\d+):(\d+) error: ([^\n]*)/.exec(message);
  if (!found) return `WGSL of "${label}": ${message}`;
  const line = Number(found[1]);
  const source = code.split("\n")[line - 1] ?? "";
  return `WGSL of "${label}", line ${line}, column ${found[2]}: ${found[3]}\n  ${line} | ${source}`;
}
