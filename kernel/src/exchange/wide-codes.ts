// Dictionaries whose codes have 64 bits, as pyarrow makes them unless it is told otherwise: apache-arrow looks
// their values up by bigints, which no array takes.
import type * as Arrow from "apache-arrow";
import type { Decoded } from "./known-streams.ts";

/** Lets such columns be read, however deep they lie. Nothing is copied. */
export function readWideCodes({ DataType }: typeof Arrow, { batches }: Decoded): void {
  const mend = (data: Arrow.Data | undefined) => {
    if (!data) return; // of a batch that stands for none
    const { type, dictionary } = data;
    const wide = DataType.isDictionary(type) && (type.indices as Arrow.Int).bitWidth === 64;
    if (wide) takeBigints(dictionary);
    for (const inside of dictionary?.data ?? []) mend(inside);
    for (const child of data.children) mend(child);
  };
  for (const batch of batches) mend(batch.data);
}

const mended = new WeakSet<Arrow.Vector>();

function takeBigints(dictionary: Arrow.Vector | undefined): void {
  if (!dictionary || mended.has(dictionary)) return;
  mended.add(dictionary);
  const get = dictionary.get.bind(dictionary);
  Object.defineProperty(dictionary, "get", { value: (code: number | bigint) => get(Number(code)) });
}
