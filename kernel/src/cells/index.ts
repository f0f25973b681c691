// Runs cells on the main thread: evaluation, console, display, errors, imports.
export { startCells } from "./start.ts";
export { warmUp } from "./warm-up.ts";
