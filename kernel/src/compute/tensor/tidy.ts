// Temporaries of an operation: what tensors are made while it runs end with it, but for its result.

interface Ends {
  dispose(): void;
}

let open: Ends[] | undefined;

/** Notes a new tensor for the innermost operation that is running. */
export function noteTensor(made: Ends): void {
  open?.push(made);
}

/** Runs `body`, which must not wait, and disposes every tensor made in it but those that it returns. */
export function tidy<R extends Ends | readonly Ends[]>(body: () => R): R {
  const outer = open;
  const made: Ends[] = [];
  open = made;
  let kept: readonly Ends[] = [];
  try {
    const result = body();
    kept = Array.isArray(result) ? result : [result as Ends];
    return result;
  } finally {
    open = outer;
    for (const one of made) {
      if (!kept.includes(one)) one.dispose();
      else outer?.push(one);
    }
  }
}
