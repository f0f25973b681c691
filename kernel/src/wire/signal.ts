// SIGINT in this thread. Node delivers signals to the main thread's event loop only, where a busy cell
// keeps them from being seen; the wire thread therefore watches the signal by libuv itself. Node has no
// public way to that, so this one is optional: without it (`--expose-internals` is not given to the
// worker, or a later Node lacks it), SIGINT ends a cell that awaits, and `interrupt_request`, which
// Jupyter uses with interrupt_mode "message", ends any.
import { createRequire } from "node:module";
import { constants } from "node:os";

interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
}

/** True when SIGINT is watched in this thread. */
export function onInterruptSignal(interrupt: () => void): boolean {
  try {
    const require = createRequire(import.meta.url);
    const { internalBinding } = require("internal/test/binding");
    const handle: SignalHandle = new (internalBinding("signal_wrap").Signal)();
    handle.onsignal = interrupt;
    handle.unref();
    return handle.start(constants.signals.SIGINT) === 0;
  } catch {
    return false;
  }
}
