// Temporaries of an operation: what tensors are made while it runs end with it, but for its result.

import { CenoteError } from "../../base/index.ts";

interface Ends {
  dispose(): void;
}

let open: Ends[] | undefined;

/** Notes a new tensor for the innermost operation that is running. */
export function noteTensor(made: Ends): void {
  open?.push(made);
}

/**
 * Runs `body`, which must not wait, and disposes every tensor made in it but those that it returns. Errors of the
 * operations in it tell which one was called: `where`.
 */
export function tidy<R extends Ends | readonly Ends[]>(body: () => R, where?: string): R {
  const outer = open;
  const made: Ends[] = [];
  open = made;
  let kept: readonly Ends[] = [];
  try {
    const result = body();
    kept = Array.isArray(result) ? result : [result as Ends];
    return result;
  } catch (error) {
    throw where !== undefined && error instanceof CenoteError ? within(error, where) : error;
  } finally {
    open = outer;
    for (const one of made) {
      if (!kept.includes(one)) one.dispose();
      else outer?.push(one);
    }
  }
}

/** The error with the name of what was called, where its message begins with another. */
function within(error: CenoteError, where: string): CenoteError {
  if (!error.message.startsWith(`${where}: `)) error.message = `${where}: ${error.message}`;
  return error;
}
