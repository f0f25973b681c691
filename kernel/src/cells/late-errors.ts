// Errors that no cell waits for any more: rejected promises that nobody handles, exceptions in timers and
// events. They are shown under the cell whose code it was, and end nothing. Where the notebook listens for
// them itself, as programs of Node can, they are its own.
import type { ErrorReporter } from "./errors.ts";
import { mendImmediates } from "./immediates.ts";
import { withIntrinsics } from "./intrinsics.ts";
import type { CellOutput } from "./output.ts";

/** `endsCell` takes errors that are the running cell's. */
export function showLateErrors(
  output: CellOutput,
  reporter: ErrorReporter,
  endsCell: (error: unknown) => boolean,
): void {
  const show = (what: string, error: unknown) => {
    withIntrinsics(() => {
      const { traceback } = reporter.report(error);
      output.text("stderr", `${what}: ${traceback.join("\n")}\n`);
    });
  };
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (mendImmediates(error)) return;
    try {
      const { emit } = process as NodeJS.EventEmitter;
      if (emit.call(process, "uncaughtException", error, "uncaughtException")) return;
    } catch (thrown) {
      show("Uncaught, by a listener for uncaughtException", thrown);
      if (thrown === error) return;
    }
    if (!withIntrinsics(() => endsCell(error))) show("Uncaught", error);
  });
  process.on("unhandledRejection", (reason) => {
    if (process.listenerCount("unhandledRejection") > 1) return;
    show("Uncaught in a promise", reason);
  });
}
