// The wire: Jupyter messages over ZeroMQ, in a thread that runs no user code.
export { ActionGate } from "./action-gate.ts";
export type { CommTarget } from "./comms.ts";
export { type Connection, readConnection } from "./connection.ts";
export { Interrupter } from "./interrupt.ts";
export { log, logTo } from "./log.ts";
export { onParentLost } from "./parent.ts";
export { KernelServer, type WireServices } from "./server.ts";
export { onInterruptSignal } from "./signal.ts";
export { Terminator } from "./terminator.ts";
export { TypesClient } from "./types-client.ts";
