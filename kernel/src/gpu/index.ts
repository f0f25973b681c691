import type { AdapterFacts, Gpu } from "./types.ts";

export * from "./types.ts";

/** The process's one Gpu, opened on first use. Rejects with NO_ADAPTER, whose text says what to install. */
export declare function openGpu(): Promise<Gpu>;
/** What the adapter is and can do, without opening a pool. Rejects with NO_ADAPTER. */
export declare function adapterFacts(): Promise<AdapterFacts>;
