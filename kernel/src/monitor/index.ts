// The monitor's visible surface.
export { Monitor, type SendToPage } from "./monitor.ts";
