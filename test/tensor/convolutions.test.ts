// Convolutions and pooling against NumPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
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

/** By windows of a padded image: stride s, dilation d. */
const OVER_THREE = `np.einsum('nxyzcabk,abkco->nxyzo', np.lib.stride_tricks.sliding_window_view(np.pad(x.astype('float64'), [(0,0),(1,2),(1,1),(0,0),(0,0)]), (3, 3, 2), (1, 2, 3))[:, ::2, ::1, ::1, :, ::2, ::1, ::1], f)`;

test("convolutions and pooling over three axes, and over one with channels first", () =>
  scoped(async () => {
    const random = new RandomTensors(46);
    const [x, f] = [
      await random.tensor("f32", [2, 6, 5, 4, 3], PLAIN),
      await random.tensor("f32", [2, 3, 2, 3, 4], PLAIN),
    ];
    const given = { x: x.host, f: f.host };
    const padding = [[1, 2] as const, [1, 1] as const, [0, 0] as const];
    const found = x.tensor.conv3d(f.tensor, { stride: [2, 1, 1], dilation: [2, 1, 1], padding });
    await judge(found, await numpy(OVER_THREE, given), NEAR, "conv3d");
    const cubes =
      "np.lib.stride_tricks.sliding_window_view(x, (2, 2, 2), (1, 2, 3))[:, ::2, ::2, ::2]";
    for (const [how, python] of [
      ["maxPool3d", ".max((-1, -2, -3))"],
      ["meanPool3d", ".astype('float64').mean((-1, -2, -3))"],
    ] as const) {
      await judge(x.tensor[how](2), await numpy(cubes + python, given), NEAR, how);
    }
    const line = x.tensor.reshape(2, 120, 3);
    const [flat, pairs] = [
      "x.reshape(2, 120, 3)",
      "np.lib.stride_tricks.sliding_window_view(x.reshape(2, 120, 3), 5, 1)[:, ::3]",
    ];
    await judge(line.maxPool1d(5, { stride: 3 }), await numpy(`${pairs}.max(-1)`, given), {}, "1d");
    await judge(
      line.transpose(0, 2, 1).meanPool1d(5, { stride: 3, layout: "NCW" }),
      await numpy(`${pairs}.astype('float64').mean(-1).transpose(0, 2, 1)`, given),
      NEAR,
      "NCW",
    );
    await judge(
      line.transpose(0, 2, 1).conv1d(f.tensor.slice(0, 0).transpose(2, 1, 0), { layout: "NCW" }),
      await numpy(
        `np.einsum('nlcw,wco->nol', np.lib.stride_tricks.sliding_window_view(${flat}, 2, 1), f[0, 0].astype('float64'))`,
        given,
      ),
      NEAR,
      "conv1d NCW",
    );
  }));

test("a transposed convolution is the transpose of the convolution, of which each column is an image of one 1", () =>
  scoped(async () => {
    const random = new RandomTensors(47);
    for (const { size, filter, ...options } of [
      { size: [5, 6, 2], filter: [3, 2, 2, 3], stride: 1, padding: 1 },
      { size: [6, 5, 2], filter: [3, 3, 2, 3], stride: 2, padding: "same" as const },
      {
        size: [7, 8, 1],
        filter: [2, 3, 1, 2],
        stride: [3, 2],
        padding: "valid" as const,
        dilation: [2, 1],
      },
      { size: [4, 7, 4], filter: [1, 3, 2, 6], stride: [3, 2], padding: 0, groups: 2 },
    ]) {
      const [height, width, channels] = size as [number, number, number];
      const all = height * width * channels;
      const f = (await random.tensor("f32", filter, PLAIN)).tensor;
      const images = (
        await createTensor(
          gpu,
          Float32Array.from({ length: all * all }, (_, i) => Number(i % (all + 1) === 0)),
        )
      ).reshape(all, height, width, channels);
      const matrix = images.conv2d(f, options);
      const [down, across, outputs] = matrix.shape.slice(1) as [number, number, number];
      const g = await random.tensor("f32", [2, down, across, outputs], PLAIN);
      const sizes = [height, width];
      const found = g.tensor.conv2dTranspose(f, { ...options, sizes });
      const wanted = g.tensor.reshape(2, -1).matmul(matrix.reshape(all, -1).T);
      const values = Float64Array.from(await wanted.read(), Number);
      const answer = { shape: [2, height, width, channels], dtype: "float64", values };
      await judge(found, answer, NEAR, `[${size}] ${JSON.stringify(options)}`);
      const first = g.tensor
        .transpose(0, 3, 1, 2)
        .conv2dTranspose(f.transpose(3, 2, 0, 1), { ...options, sizes, layout: "NCHW" });
      await judge(first.transpose(0, 2, 3, 1), answer, NEAR, "NCHW");
    }
    const [x, f] = [
      await random.tensor("f32", [1, 3, 4, 3, 2], PLAIN),
      await random.tensor("f32", [2, 2, 3, 3, 2], PLAIN),
    ];
    const back = x.tensor.conv3dTranspose(f.tensor, { stride: 2 });
    assert.deepEqual([...back.shape], [1, 6, 8, 7, 3]);
    // ⟨conv(y), x⟩ = ⟨y, convᵀ(x)⟩
    const y = await random.tensor("f32", back.shape, PLAIN);
    const sums = [y.tensor.conv3d(f.tensor, { stride: 2 }).mul(x.tensor), y.tensor.mul(back)];
    const [left, right] = await Promise.all(
      sums.map(async (one) => Number((await one.sum().read())[0])),
    );
    assert.ok(Math.abs(left! - right!) < 1e-3, `${left} ${right}`);
  }));

test("channels each by themselves, and where the greatest of windows lie", () =>
  onBoth(async () => {
    const random = new RandomTensors(48);
    const [x, f, p] = [
      await random.tensor("f32", [2, 6, 7, 3], PLAIN),
      await random.tensor("f32", [3, 2, 3, 2], PLAIN),
      await random.tensor("f32", [1, 1, 6, 4], PLAIN),
    ];
    const given = { x: x.host, f: f.host, p: p.host };
    const windows = "np.lib.stride_tricks.sliding_window_view(x.astype('float64'), (3, 2), (1, 2))";
    const depthwise = `np.einsum('nijcab,abcm->nijcm', ${windows}, f).reshape(2, 4, 6, 6)`;
    await judge(
      x.tensor.depthwiseConv2d(f.tensor),
      await numpy(depthwise, given),
      NEAR,
      "depthwise",
    );
    await judge(
      x.tensor.separableConv2d(f.tensor, p.tensor),
      await numpy(`(${depthwise}) @ p[0, 0]`, given),
      NEAR,
      "separable",
    );
    const places = await x.tensor.argMaxPool2d([3, 2], {
      stride: 1,
      padding: [
        [1, 0],
        [0, 1],
      ],
    });
    const wide = "np.pad(x, [(0,0),(1,0),(0,1),(0,0)], constant_values=-np.inf)";
    const index = "np.pad(np.arange(126).reshape(1, 6, 7, 3), [(0,0),(1,0),(0,1),(0,0)])[[0, 0]]";
    const flat = (of: string) =>
      `np.lib.stride_tricks.sliding_window_view(${of}, (3, 2), (1, 2)).reshape(2, 5, 7, 3, 6)`;
    await judge(
      places,
      await numpy(
        `np.take_along_axis(${flat(index)}, ${flat(wide)}.argmax(-1)[..., None], -1)[..., 0]`,
        given,
      ),
      {},
      "places",
    );
    const normal = x.tensor.localResponseNorm(1, { bias: 2, alpha: 0.5, beta: 0.75 });
    const sums =
      "np.lib.stride_tricks.sliding_window_view(np.pad(x.astype('float64') ** 2, [(0,0)] * 3 + [(1,1)]), 3, 3).sum(-1)";
    await judge(normal, await numpy(`x / (2 + 0.5 * ${sums}) ** 0.75`, given), NEAR, "response");
    for (const [radius, channels, dtype] of [
      [5, 21, "f32"],
      [7, 18, "f16"],
      [9, 3, "i8"],
    ] as const) {
      const { host, tensor } = await random.tensor(dtype, [2, 3, channels], PLAIN);
      const wide = `np.lib.stride_tricks.sliding_window_view(np.pad(x.astype('float64') ** 2, [(0,0), (0,0), (${radius},${radius})]), ${2 * radius + 1}, 2).sum(-1)`;
      await judge(
        tensor.localResponseNorm(radius),
        await numpy(`x / np.sqrt(1 + ${wide})`, { x: host }),
        dtype === "f16" ? { relative: 2e-3, absolute: 1e-3 } : NEAR,
        `response of ${radius}`,
      );
    }
    assert.throws(() => x.tensor.localResponseNorm(1, { beta: "2" as never }), { code: "OPTIONS" });
  }));

test("pooling: the greatest and the mean of windows, padding left out", () =>
  onBoth(async () => {
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

test("each channel by its own filter, four channels at a time and one by one, is a convolution in groups", () =>
  onBoth(async () => {
    const random = new RandomTensors(91);
    for (const [channels, each, height, width] of [
      [8, 1, 3, 3],
      [8, 2, 3, 2],
    ] as const) {
      const x = await random.tensor("f32", [2, 11, 9, channels], PLAIN);
      const f = await random.tensor("f32", [height, width, channels, each], PLAIN);
      const options = { stride: [2, 1], dilation: [1, 2], padding: "same" } as const;
      const flat = f.tensor.reshape(height, width, 1, channels * each);
      const wanted = await x.tensor.conv2d(flat, { ...options, groups: channels }).read();
      for (const image of [x.tensor, x.tensor.copy()]) {
        const found = await image.depthwiseConv2d(f.tensor, options).read();
        assert.equal(found.length, wanted.length);
        for (const [i, value] of found.entries())
          assert.ok(Math.abs(value - wanted[i]!) < 1e-4, `${channels} ${each}: ${i}`);
      }
    }
  }));

test("pooling of each dtype, four channels at a time and one by one, over short windows and long ones", () =>
  onBoth(async () => {
    const random = new RandomTensors(92);
    const padding = [
      [1, 2],
      [0, 3],
    ] as const;
    for (const [dtype, channels, window, stride] of [
      ["f32", 8, [2, 3], 1],
      ["f32", 3, [3, 2], 2],
      ["f32", 8, [2, 12], 3],
      ["f16", 8, [1, 2], 2],
      ["u8", 8, [2, 1], 1],
      ["bool", 3, [2, 2], 2],
    ] as const) {
      const { host, tensor } = await random.tensor(dtype, [2, 9, 21, channels]);
      const given = { x: host };
      const windows = (of: string, fill: string) =>
        `np.lib.stride_tricks.sliding_window_view(np.pad(${of}, [(0,0),(1,2),(0,3),(0,0)], constant_values=${fill}), (${window}), (1, 2))[:, ::${stride}, ::${stride}]`;
      const label = `${dtype} ${channels} ${window}`;
      const x = "x.astype('float64')";
      const greatest = await numpy(`${windows(x, "-np.inf")}.max((-1, -2))`, given);
      for (const image of [tensor, tensor.flip(2).copy().flip(2)])
        await judge(image.maxPool2d(window, { stride, padding }), greatest, {}, label);
      const many = `${windows("np.ones(x.shape)", "0")}.sum((-1, -2))`;
      await judge(
        tensor.meanPool2d(window, { stride, padding }),
        await numpy(`${windows(x, "0")}.sum((-1, -2)) / ${many}`, given),
        dtype === "f16" ? { relative: 2e-3, absolute: 1e-3 } : NEAR,
        label,
      );
    }
    const [x, f] = [
      await random.tensor("f32", [1, 4, 20, 4], PLAIN),
      await random.tensor("f32", [2, 12, 4, 1], PLAIN),
    ];
    await judge(
      x.tensor.depthwiseConv2d(f.tensor),
      await numpy(
        "np.einsum('nijcab,abc->nijc', np.lib.stride_tricks.sliding_window_view(x.astype('float64'), (2, 12), (1, 2)), f[..., 0])",
        { x: x.host, f: f.host },
      ),
      NEAR,
      "a long filter",
    );
    await judge(
      x.tensor.argMaxPool2d([2, 12], { stride: 1 }),
      await numpy(
        "(lambda w, i: np.take_along_axis(i, w.argmax(-1)[..., None], -1)[..., 0])(np.lib.stride_tricks.sliding_window_view(x, (2, 12), (1, 2)).reshape(1, 3, 9, 4, 24), np.lib.stride_tricks.sliding_window_view(np.arange(320).reshape(1, 4, 20, 4), (2, 12), (1, 2)).reshape(1, 3, 9, 4, 24))",
        { x: x.host },
      ),
      {},
      "places in a long window",
    );
  }));
