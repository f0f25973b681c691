// Checks what a dispatch is called with.
import { CenoteError } from "../base/index.ts";
import { PARAM_BYTES } from "./params.ts";
import type { CompiledPipeline } from "./pipelines.ts";
import type { DispatchCall } from "./types.ts";

/** Throws BAD_DISPATCH when a call does not suit its kernel. */
export function checkCall(
  pipeline: CompiledPipeline,
  bindings: number,
  params?: Uint32Array,
): void {
  if (bindings !== pipeline.bindings) {
    throw new CenoteError(
      "BAD_DISPATCH",
      `kernel "${pipeline.label}" wanted ${pipeline.bindings} bindings, found ${bindings}`,
    );
  }
  if ((params !== undefined) !== pipeline.params) {
    throw new CenoteError(
      "BAD_DISPATCH",
      `kernel "${pipeline.label}" wanted ${pipeline.params ? "" : "no "}parameters, found ${params ? "some" : "none"}`,
    );
  }
  if (params && params.byteLength > PARAM_BYTES) {
    throw new CenoteError(
      "BAD_DISPATCH",
      `kernel "${pipeline.label}": wanted at most ${PARAM_BYTES} bytes of parameters, found ${params.byteLength}`,
    );
  }
}

/** The workgroups of a call in three dimensions. Throws BAD_DISPATCH. */
export function checkedWorkgroups(
  label: string,
  [x, y = 1, z = 1]: DispatchCall["workgroups"],
  most: number,
): [number, number, number] {
  const fits = (count: number) => Number.isSafeInteger(count) && count >= 0 && count <= most;
  if (fits(x) && fits(y) && fits(z)) return [x, y, z];
  throw new CenoteError(
    "BAD_DISPATCH",
    `kernel "${label}": wanted 0 to ${most} workgroups in each dimension, found [${x}, ${y}, ${z}]`,
    { mend: "Spread the workgroups over two dimensions." },
  );
}
