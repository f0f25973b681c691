export * from "./attribution.ts";
export * from "./books.ts";
export * from "./bytes.ts";
export * from "./display.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./monitor-protocol.ts";
export * from "./outlet.ts";
