// The visible surface of gpu.
export { tierBudgets } from "./budgets.ts";
export { adapterFacts } from "./dawn.ts";
export { offerDevice } from "./offered.ts";
export { openGpu } from "./open.ts";
export { countOutside } from "./outside.ts";
export * from "./types.ts";
