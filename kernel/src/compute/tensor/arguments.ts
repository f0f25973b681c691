// Checks what operations are called with: JavaScript cells pass anything.
import { types } from "node:util";
import { A_PROMISE, CenoteError } from "../../base/index.ts";
import { TensorBase } from "./base.ts";

const MOST_SHOWN = 60;

/** Any value in a few words, for errors. */
export function told(value: unknown): string {
  if (value instanceof TensorBase) return value.described;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (Array.isArray(value)) return cut(`[${value.map(told).join(", ")}]`);
  if (typeof value === "string") return cut(JSON.stringify(value));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (types.isPromise(value)) return A_PROMISE;
  const parts = Object.entries(value).map(([name, part]) => `${name}: ${told(part)}`);
  return parts.length > 0 ? cut(`{ ${parts.join(", ")} }`) : `an object of ${nameOf(value)}`;
}

const cut = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text;

const nameOf = (value: object): string =>
  (Object.getPrototypeOf(value) as { constructor?: { name: string } } | null)?.constructor?.name ??
  "no class";

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
