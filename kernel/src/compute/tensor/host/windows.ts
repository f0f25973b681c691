// Windows over few elements on the host, as the kernels of sliding.ts go over them: rows of a window in their order.
import type { Gpu } from "../../../gpu/index.ts";
import type { HostArray } from "../dtypes.ts";
import { sizeOf } from "../shape.ts";
import type { Slide } from "../sliding.ts";
import { hostLimit, isFew } from "./engine.ts";

/** Steps for each element of the limit, at most: a window has several. */
const STEPS = 16;

/** The image's elements where the host has them and the work is small. */
export function hostImage(gpu: Gpu, slide: Slide): HostArray | undefined {
  const { image, windows, window, each } = slide;
  const results = image.batch * sizeOf(windows.sizes) * image.channels * each;
  const few =
    isFew(gpu, image.batch * sizeOf(image.sizes) * image.channels) &&
    isFew(gpu, results) &&
    results * sizeOf(window) <= STEPS * hostLimit(gpu);
  return few ? image.stored.storage.host : undefined;
}

/**
 * Calls `visit` for each element of each window that lies inside the image: with the window's number, where the
 * element's first channel lies in memory, its number in the image, and that of the window's element.
 */
export function eachTap(
  { image, windows, window }: Slide,
  visit: (pixel: number, place: number, index: number, tap: number) => void,
): void {
  const { strides, stored } = image;
  const axes = window.length;
  const at = new Array<number>(axes).fill(0);
  const pixels = sizeOf(windows.sizes);
  const walk = (axis: number, pixel: number, place: number, index: number, tap: number): void => {
    if (axis === axes) {
      visit(pixel, place, index, tap);
      return;
    }
    const size = image.sizes[axis]!;
    const begin = at[axis]! * windows.stride[axis]! - windows.before[axis]!;
    for (let d = 0; d < window[axis]!; d++) {
      const x = begin + d * windows.dilation[axis]!;
      if (x < 0 || x >= size) continue;
      const to = place + x * strides.sizes[axis]!;
      walk(axis + 1, pixel, to, index * size + x, tap * window[axis]! + d);
    }
  };
  for (let pixel = 0; pixel < image.batch * pixels; pixel++) {
    let rest = pixel % pixels;
    for (let axis = axes - 1; axis >= 0; axis--) {
      at[axis] = rest % windows.sizes[axis]!;
      rest = Math.floor(rest / windows.sizes[axis]!);
    }
    walk(0, pixel, stored.offset + Math.floor(pixel / pixels) * strides.batch, 0, 0);
  }
}

const resultsOf = ({ image, windows }: Slide): number =>
  image.batch * sizeOf(windows.sizes) * image.channels;

/** The means of windows. */
export function meansOnHost(slide: Slide, host: HostArray): HostArray {
  const { channels, strides } = slide.image;
  const sums = new Float32Array(resultsOf(slide));
  const seen = new Int32Array(sums.length / channels);
  eachTap(slide, (pixel, place) => {
    seen[pixel]!++;
    for (let c = 0; c < channels; c++)
      sums[pixel * channels + c]! += host[place + c * strides.channels]!;
  });
  for (let i = 0; i < sums.length; i++) sums[i]! /= seen[Math.floor(i / channels)]!;
  return sums;
}

/** The greatest of windows, or where they lie: the first of equal ones, and of NaN where there is one. */
export function greatestOnHost(slide: Slide, host: HostArray, places: boolean): HostArray {
  const { channels, strides } = slide.image;
  const found = new Float32Array(resultsOf(slide)).fill(Number.NEGATIVE_INFINITY);
  const best = new Int32Array(found.length).fill(-1);
  eachTap(slide, (pixel, place, index) => {
    for (let c = 0; c < channels; c++) {
      const to = pixel * channels + c;
      const [value, before] = [host[place + c * strides.channels]!, found[to]!];
      const better = value > before || (Number.isNaN(value) && !Number.isNaN(before));
      if (!better && best[to]! >= 0) continue;
      found[to] = value;
      best[to] = index * channels + c;
    }
  });
  return places ? best : found;
}

/** What depthwise() computes, with the filter's elements in the order of its rows. */
export function depthwiseOnHost(slide: Slide, host: HostArray, filter: HostArray): HostArray {
  const { image, windows, each } = slide;
  const { channels, strides } = image;
  const outputs = channels * each;
  const sums = new Float32Array(image.batch * sizeOf(windows.sizes) * outputs);
  eachTap(slide, (pixel, place, _, tap) => {
    const [to, from] = [pixel * outputs, tap * outputs];
    for (let o = 0; o < outputs; o++) {
      const value = host[place + Math.floor(o / each) * strides.channels]!;
      sums[to + o]! += Math.fround(value * filter[from + o]!);
    }
  });
  return sums;
}

/** What normalised() computes. */
export function normalisedOnHost(
  slide: Slide,
  host: HostArray,
  { bias, alpha, beta }: { bias: number; alpha: number; beta: number },
): HostArray {
  const { image, windows } = slide;
  const out = new Float32Array(image.batch * sizeOf(windows.sizes));
  eachTap(slide, (pixel, place) => {
    out[pixel]! += Math.fround(host[place]! ** 2);
  });
  const { offset } = image.stored;
  for (let i = 0; i < out.length; i++) {
    const base = Math.fround(Math.fround(out[i]! * Math.fround(alpha)) + Math.fround(bias));
    out[i] = host[offset + i]! * Math.fround(base ** -Math.fround(beta));
  }
  return out;
}
