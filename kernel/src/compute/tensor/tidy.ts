// Temporaries of an operation: what tensors are made while it runs end with it, but for its result, and where it fails
// also the memory that no tensor holds yet.
import { CenoteError } from "../../base/index.ts";

interface Ends {
  dispose(): void;
}

interface Memory {
  readonly held: boolean;
  readonly block: Ends;
}

interface Made {
  readonly tensors: Ends[];
  readonly memory: Memory[];
}

let open: Made | undefined;

/** Notes a new tensor for the innermost operation that is running. */
export function noteTensor(made: Ends): void {
  open?.tensors.push(made);
}

/** Notes new memory for it. */
export function noteMemory(made: Memory): void {
  open?.memory.push(made);
}

/**
 * Runs `body`, which must not wait, and disposes every tensor made in it but those that it returns. Errors of the
 * operations in it tell which one was called: `where`.
 */
export function tidy<R extends Ends | readonly Ends[]>(body: () => R, where?: string): R {
  const outer = open;
  const made: Made = { tensors: [], memory: [] };
  open = made;
  let kept: readonly Ends[] | undefined;
  try {
    const result = body();
    kept = Array.isArray(result) ? result : [result as Ends];
    return result;
  } catch (error) {
    throw where !== undefined && error instanceof CenoteError ? within(error, where) : error;
  } finally {
    open = outer;
    for (const one of made.tensors) {
      if (!kept?.includes(one)) one.dispose();
      else outer?.tensors.push(one);
    }
    if (kept) outer?.memory.push(...made.memory);
    else for (const one of made.memory) if (!one.held) one.block.dispose();
  }
}

/** The error with the name of what was called, where its message begins with another. */
function within(error: CenoteError, where: string): CenoteError {
  if (!error.message.startsWith(`${where}: `)) error.message = `${where}: ${error.message}`;
  return error;
}
