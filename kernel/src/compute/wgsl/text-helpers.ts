// WGSL functions on four bytes of a text, the first of them in the lowest bits.
import type { Helper } from "./helper.ts";

export const TEXT: Record<string, Helper> = {
  text_clip: {
    code: `fn text_clip(word: u32, size: u32, k: u32) -> u32 {
  if (k >= size) { return 0u; }
  return select(word, word & ((1u << (((size - k) & 3u) << 3u)) - 1u), size - k < 4u);
}`,
  },
  // The bytes from k on of one text of `size` bytes and another after it.
  text_join: {
    code: `fn text_join(a: u32, b: u32, size: u32, k: u32) -> u32 {
  if (k >= size) { return b; }
  if (size - k >= 4u) { return a; }
  return a | (b << ((size - k) << 3u));
}`,
  },
  text_swap: {
    code: `fn text_swap(a: u32) -> u32 {
  return (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
}`,
  },
  // Bytes 10xxxxxx.
  text_continued: {
    code: `fn text_continued(a: u32) -> u32 { return countOneBits((a >> 7u) & ~(a >> 6u) & 0x01010101u); }`,
  },
  // The top bit of each byte that is ASCII and from `first` to `last`.
  text_between: {
    code: `fn text_between(a: u32, first: u32, last: u32) -> u32 {
  let low = a & 0x7f7f7f7fu;
  let reached = low + (0x80u - first) * 0x01010101u;
  let passed = low + (0x7fu - last) * 0x01010101u;
  return reached & ~passed & ~a & 0x80808080u;
}`,
  },
  text_upper: {
    needs: ["text_between"],
    code: `fn text_upper(a: u32) -> u32 { return a ^ (text_between(a, 0x61u, 0x7au) >> 2u); }`,
  },
  text_lower: {
    needs: ["text_between"],
    code: `fn text_lower(a: u32) -> u32 { return a ^ (text_between(a, 0x41u, 0x5au) >> 2u); }`,
  },
};
