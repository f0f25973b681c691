// What `exchangeStats()` tells.

/** What this process has moved: counts, and bytes where the name says so. */
export interface ExchangeStats {
  /** Tables put, and the bytes of the one copy that each costs; what was filled in place costs none. */
  puts: number;
  bytesPut: number;
  /** Tables got. */
  handoffs: number;
  /** Tables that crossed by a further copy, because one side can't map memory; else 0. */
  copies: number;
  bytesCopied: number;
  /** Arenas that this process shares, and their size (reserved: pages are taken as they are written). */
  segments: number;
  segmentBytes: number;
  /** Arenas that it has mapped for reading, its own included. */
  mappedSegments: number;
  mappedBytes: number;
  /** How long the latest calls of `get` took, in microseconds: at most 100, the latest last. */
  getMicroseconds: number[];
  /** Whether tables cross without a copy at all. */
  zeroCopy: boolean;
}
