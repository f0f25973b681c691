// Lets pages look at tables: those that outputs show, and what is shared.
export { SharedBrowser } from "./shared-browser.ts";
export { type ShownTable, ShownTables } from "./shown-tables.ts";
