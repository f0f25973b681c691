// Convolutions and pooling against NumPy.
import { test } from "node:test";
import { scoped } from "../gpu/open.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

const PLAIN = { special: 0, scale: 1 };
const NEAR = { relative: 1e-5, absolute: 2e-5 };

/** A convolution by its definition. */
const CONVOLVE =
  `(lambda x, f, s, p, d, g: (lambda xp, oh, ow, og: np.stack([np.stack([np.concatenate([
  np.einsum('nhwc,hwco->no', xp[:, i*s:i*s+(f.shape[0]-1)*d+1:d, j*s:j*s+(f.shape[1]-1)*d+1:d, k*f.shape[2]:(k+1)*f.shape[2]], f[..., k*og:(k+1)*og])
  for k in range(g)], -1) for j in range(ow)], 1) for i in range(oh)], 1))(
  np.pad(x.astype('float64'), [(0,0),(p,p),(p,p),(0,0)]), (x.shape[1]+2*p-(f.shape[0]-1)*d-1)//s+1, (x.shape[2]+2*p-(f.shape[1]-1)*d-1)//s+1, f.shape[3]//g))`.replace(
    /\n\s*/g,
    " ",
  );

test("convolutions with strides, padding, dilation and groups, in both layouts", () =>
  scoped(async () => {
    const random = new RandomTensors(44);
    const cases = [
      { image: [2, 7, 9, 3], filter: [3, 3, 3, 5], stride: 1, padding: 0, dilation: 1, groups: 1 },
      { image: [1, 8, 8, 4], filter: [3, 2, 4, 37], stride: 2, padding: 1, dilation: 1, groups: 1 },
      { image: [2, 9, 10, 6], filter: [2, 3, 2, 9], stride: 1, padding: 2, dilation: 2, groups: 3 },
      { image: [1, 5, 5, 4], filter: [3, 3, 1, 4], stride: 1, padding: 1, dilation: 1, groups: 4 },
    ];
    for (const { image, filter, ...options } of cases) {
      const [x, f] = [
        await random.tensor("f32", image, PLAIN),
        await random.tensor("f32", filter, PLAIN),
      ];
      const { stride, padding, dilation, groups } = options;
      const wanted = await numpy(
        `${CONVOLVE}(x, f, ${stride}, ${padding}, ${dilation}, ${groups})`,
        { x: x.host, f: f.host },
      );
      await judge(x.tensor.conv2d(f.tensor, options), wanted, NEAR, `[${image}] * [${filter}]`);
      const other = x.tensor
        .transpose(0, 3, 1, 2)
        .conv2d(f.tensor.transpose(3, 2, 0, 1), { ...options, layout: "NCHW" });
      await judge(other.transpose(0, 2, 3, 1), wanted, NEAR, "NCHW");
    }
    const [x, f] = [
      await random.tensor("f32", [2, 11, 3], PLAIN),
      await random.tensor("f32", [4, 3, 6], PLAIN),
    ];
    const wanted = await numpy(
      `${CONVOLVE}(np.pad(x, [(0,0),(1,2),(0,0)])[:, None], f[None], 1, 0, 1, 1)[:, 0]`,
      { x: x.host, f: f.host },
    );
    await judge(x.tensor.conv1d(f.tensor, { padding: "same" }), wanted, NEAR, "conv1d same");
  }));

test("pooling: the greatest and the mean of windows, padding left out", () =>
  scoped(async () => {
    const random = new RandomTensors(45);
    const { host, tensor } = await random.tensor("f32", [2, 6, 8, 3], { special: 0.02 });
    const windows = "np.lib.stride_tricks.sliding_window_view(x, (2, 3), (1, 2))";
    await judge(
      tensor.maxPool2d([2, 3], { stride: 1 }),
      await numpy(`${windows}.max((-1, -2))`, { x: host }),
      {},
      "max",
    );
    await judge(
      tensor.meanPool2d([2, 3], { stride: [2, 1] }),
      await numpy(`${windows}[:, ::2].astype('float64').mean((-1, -2))`, { x: host }),
      NEAR,
      "mean",
    );
    const padded = "np.pad(x.astype('float64'), [(0,0),(1,1),(1,1),(0,0)], constant_values=np.inf)";
    const ones = await random.tensor("f32", [1, 4, 4, 2], PLAIN);
    const means = `(lambda w: np.where(np.isinf(w), 0, w).sum((-1, -2)) / np.isfinite(w).sum((-1, -2)))(np.lib.stride_tricks.sliding_window_view(${padded}, (2, 2), (1, 2))[:, ::2, ::2])`;
    await judge(
      ones.tensor.meanPool2d(2, { padding: 1 }),
      await numpy(means, { x: ones.host }),
      NEAR,
      "mean with padding",
    );
  }));
