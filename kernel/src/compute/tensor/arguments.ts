// Checks what operations are called with: JavaScript cells pass anything.
import { CenoteError } from "../../base/index.ts";
import { told } from "../told.ts";
import { TensorBase } from "./base.ts";

export { told };

/** The tensor. Throws OPERAND. */
export function tensorOf(value: unknown, where: string, which: string): TensorBase {
  if (value instanceof TensorBase) return value;
  throw new CenoteError("OPERAND", `${where}: wanted a tensor as ${which}, found ${told(value)}`, {
    mend: "Make one first, as in await tensor([1, 2, 3]).",
  });
}

/** The tensors of a list. Throws OPERAND. */
export function tensorsOf(values: unknown, where: string): TensorBase[] {
  if (Array.isArray(values)) {
    return values.map((value, i) => tensorOf(value, where, `number ${i} of the others`));
  }
  throw new CenoteError("OPERAND", `${where}: wanted tensors in an array, found ${told(values)}`);
}

/** The options, none for undefined. Throws OPTIONS. */
export function optionsOf<T extends object>(options: T | undefined, where: string): Partial<T> {
  if (options === undefined) return {};
  const plain =
    typeof options === "object" &&
    options !== null &&
    !Array.isArray(options) &&
    !ArrayBuffer.isView(options) &&
    !(options instanceof TensorBase);
  if (plain) return options;
  throw new CenoteError("OPTIONS", `${where}: wanted options as an object, found ${told(options)}`);
}
