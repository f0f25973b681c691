// What an aggregate keeps for each group, as parts of a few u32 words that begin as zeros:
//   count     1 word
//   integers  the sum as limbs of 32 bits, two's complement: 2 for 32-bit values, 3 for 64-bit ones, 5 for decimals, so
//             that 2^32 values cannot overflow it
//   floats    the exact sum in fixed point (Kulisch, "Computer Arithmetic and Validity", 2008): for
//             float32 10 limbs whose lowest bit is 2^-149, for float64 67 limbs from 2^-1074, or those of them that
//             the exponents of a column need; then a word of flags (NaN 1, +∞ 2, −∞ 4). Exact sums do not depend
//             on the order of the rows.
//   squares   the exact sum of squares: 3 limbs for 32-bit values, 5 for 64-bit ones, for float32 20 limbs
//             from 2^-298, for float64 134 from 2^-2148. What is not finite is left out: the flags of the
//             sum tell
//   place     the first row (complemented) or the last one (plus 1), by its number
//   extreme   a word of flags (number 1, NaN 2), but for integers that every group has; then the best
//             value in an unsigned order, high word first; for min its complement, so that zeros are the
//             neutral element
// Merging two groups is adding limbs, or-ing flags and taking the greater value: see merge().
import type { Typed } from "../typed.ts";

/** Where the words of groups are while rows are added to them; see accumulate.ts. */
export type Form = "local" | "own" | "shared";

export type Part =
  | { readonly kind: "count"; readonly of?: Typed }
  | {
      readonly kind: "integers";
      readonly of: Typed;
      readonly limbs: 2 | 3 | 5;
      /** Takes one word while rows are added, as bounds show that it is enough. */
      readonly single?: boolean;
    }
  | {
      readonly kind: "floats";
      readonly of: Typed;
      readonly limbs: number;
      /** Of a column without NaN and infinities, which then has no flags: limbs below these, which are left out. */
      readonly base?: number;
    }
  | { readonly kind: "squares"; readonly of: Typed; readonly limbs: 3 | 5 | 20 | 134 }
  | { readonly kind: "place"; readonly of?: never; readonly best: "min" | "max" }
  | {
      readonly kind: "extreme";
      readonly of: Typed;
      readonly best: "min" | "max";
      readonly wide: boolean;
      readonly flags: boolean;
    };

/** A run of words that merge in one way. */
export interface Merge {
  readonly by: "add" | "or" | "max";
  readonly words: number;
}

/** How the words of a part merge. */
export function merges(part: Part): Merge[] {
  switch (part.kind) {
    case "count":
      return [{ by: "add", words: 1 }];
    case "integers":
      return [{ by: "add", words: part.single ? 1 : part.limbs }];
    case "squares":
      return [{ by: "add", words: part.limbs }];
    case "place":
      return [{ by: "max", words: 1 }];
    case "floats":
      return [
        { by: "add", words: part.limbs },
        ...(part.base !== undefined ? [] : [{ by: "or", words: 1 } as const]),
      ];
    default:
      return [
        ...(part.flags ? [{ by: "or", words: 1 } as const] : []),
        { by: "max", words: part.wide ? 2 : 1 },
      ];
  }
}

/** Words of a part. */
export function wordsOf(part: Part): number {
  return merges(part).reduce((sum, { words }) => sum + words, 0);
}

/** Where each part's words begin, and after the last one the words of a group. */
export function offsetsOf(parts: readonly Part[]): number[] {
  const offsets = [0];
  for (const part of parts) offsets.push(offsets.at(-1)! + wordsOf(part));
  return offsets;
}

/** Equal parts are kept once. */
export function partKey(part: Part): string {
  const best = part.kind === "extreme" || part.kind === "place" ? part.best : "";
  return `${part.kind}${best}(${part.of?.key ?? ""})`;
}

/** Merges the words of group `from` into group `to`; word w of group g is words[w * groups + g]. */
export function merge(
  parts: readonly Part[],
  words: Uint32Array,
  groups: number,
  to: number,
  from: number,
): void {
  let word = 0;
  for (const { by, words: count } of parts.flatMap(merges)) {
    if (by === "add") addLimbs(words, groups, word, count, to, from);
    else if (by === "or") words[word * groups + to]! |= words[word * groups + from]!;
    else takeGreater(words, groups, word, count, to, from);
    word += count;
  }
}

function addLimbs(
  words: Uint32Array,
  groups: number,
  first: number,
  count: number,
  to: number,
  from: number,
) {
  let carry = 0;
  for (let i = first; i < first + count; i++) {
    const sum = words[i * groups + to]! + words[i * groups + from]! + carry;
    words[i * groups + to] = sum;
    carry = sum > 0xffff_ffff ? 1 : 0;
  }
}

function takeGreater(
  words: Uint32Array,
  groups: number,
  first: number,
  count: number,
  to: number,
  from: number,
) {
  for (let i = first; i < first + count; i++) {
    const mine = words[i * groups + to]!;
    const theirs = words[i * groups + from]!;
    if (mine > theirs) return;
    if (theirs > mine) {
      for (let k = i; k < first + count; k++) words[k * groups + to] = words[k * groups + from]!;
      return;
    }
  }
}
