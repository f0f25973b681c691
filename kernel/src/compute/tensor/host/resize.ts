// Small images of other sizes on the host, as the kernels of resize.ts make them.
import { DTYPES, type HostArray } from "../dtypes.ts";
import { sizeOf } from "../shape.ts";
import type { Image, Places, Resizing } from "../windows.ts";

/** For each element of an axis of the result: where the one that its place lies in is, the next one, and its share. */
function along(from: number, to: number, { times, plus, over }: Places, stride: number) {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(i * times + plus, 0), (from - 1) * over);
    const first = Math.floor(place / over);
    const next = Math.min(first + 1, from - 1);
    const share = Math.fround((place - first * over) / over);
    return { first: first * stride, next: next * stride, share };
  });
}

/** The elements of the result, (batch, height, width, channels): of the image's dtype, or f32. */
export function resizedOnHost(
  { batch, sizes, channels, strides, stored }: Image,
  shape: readonly number[],
  places: readonly [Places, Places],
  how: Resizing,
  host: HostArray,
): HostArray {
  const out = new DTYPES[how === "nearest" ? stored.dtype : "f32"].array(sizeOf(shape));
  const [rows, columns] = [0, 1].map((k) =>
    along(sizes[k]!, shape[k + 1]!, places[k]!, strides.sizes[k]!),
  ) as [ReturnType<typeof along>, ReturnType<typeof along>];
  const mix = (a: number, b: number, share: number) =>
    Math.fround(a + Math.fround(Math.fround(b - a) * share));
  let to = 0;
  for (let image = 0; image < batch; image++) {
    const base = stored.offset + image * strides.batch;
    for (const y of rows) {
      for (const x of columns) {
        for (let c = 0; c < channels; c++) {
          const at = base + c * strides.channels;
          const value = (row: number, column: number) => host[at + row + column]!;
          out[to++] =
            how === "nearest"
              ? value(y.first, x.first)
              : mix(
                  mix(value(y.first, x.first), value(y.next, x.first), y.share),
                  mix(value(y.first, x.next), value(y.next, x.next), y.share),
                  x.share,
                );
        }
      }
    }
  }
  return out;
}
