// The names of what is shared, for completion: the thread that knows the types asks, and the exchange answers from
// the main thread, if it is not busy.

/** The BroadcastChannel of question and answer. */
export const SHARED_NAMES_CHANNEL = "cenote.shared-names";

export type SharedNamesMessage = { ask: true } | { names: string[] };
