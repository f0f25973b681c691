// A value as an error message shows it.

/** Node's own way; pages, which share sizes and their errors with the kernel, have none, or part of a `process`. */
const inspect: (value: unknown, options?: object) => string =
  globalThis.process?.getBuiltinModule?.("node:util").inspect ?? String;

/** Looks only so far into what may be large, cyclic, or throw where it is read. */
const BRIEF = {
  compact: true,
  depth: 1,
  maxArrayLength: 8,
  maxStringLength: 40,
  breakLength: Number.POSITIVE_INFINITY,
  customInspect: false,
  showProxy: true,
};

/** The value in at most that many characters of one line. Never throws, whatever it is. */
export function shown(value: unknown, most = 60): string {
  const text = typeof value === "string" ? JSON.stringify(value) : inspected(value);
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

function inspected(value: unknown): string {
  try {
    return inspect(value, BRIEF).replace(/\s*\n\s*/g, " ");
  } catch {
    // A trap of a proxy among its prototypes, or text that a page can't make of it.
    return typeof value;
  }
}
