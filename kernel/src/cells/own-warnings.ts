// Node warns once of an experimental interface that the module loader uses. That is our business, not the
// reader's of a notebook; warnings of the user's own code go their way.

const OURS = "vm.USE_MAIN_CONTEXT_DEFAULT_LOADER";

export function silenceOwnWarnings(): void {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const text = typeof warning === "string" ? warning : warning.message;
    if (!text.startsWith(OURS)) Reflect.apply(emit, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
}
