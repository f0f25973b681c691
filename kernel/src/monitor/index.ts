// The monitor's visible surface.
export { Monitor } from "./monitor.ts";
export type { SendToPage } from "./pages.ts";
