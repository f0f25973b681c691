// More operations that both sides have: what moves elements, products, convolutions and pooling.
import { ELEMENTS, type Operation } from "./operations.ts";

const row = (
  name: string,
  ours: Operation["ours"],
  theirs: Operation["theirs"],
  near = 1e-5,
): Operation => ({ name, ours, theirs, near });

const WINDOWS: Operation[] = [
  row(
    "conv2d 3 by 3, 16 channels",
    ({ image, filter }) => image.conv2d(filter, { padding: "same" }),
    (tf, { image, filter }) => tf.conv2d(image, filter, 1, "same"),
    1e-3,
  ),
  row(
    "depthwiseConv2d 3 by 3",
    ({ image, depthwise }) => image.depthwiseConv2d(depthwise, { padding: "same" }),
    (tf, { image, depthwise }) => tf.depthwiseConv2d(image, depthwise, 1, "same"),
    1e-3,
  ),
  row(
    "conv1d 3, 16 channels",
    ({ image, filter }) => {
      const [, height = 1, width = 1] = image.shape;
      return image.reshape([1, height * width, 16]).conv1d(filter.slice(1), { padding: "same" });
    },
    (tf, { image, filter }) => {
      const [, height, width] = image.shape;
      const line = tf.reshape(image, [1, height * width, 16]);
      return tf.conv1d(line, tf.reshape(tf.slice(filter, [1], [1]), [3, 16, 16]), 1, "same");
    },
    1e-3,
  ),
  row(
    "maxPool2d 2 by 2 (maxPool)",
    ({ image }) => image.maxPool2d(2, { stride: 2 }),
    (tf, { image }) => tf.maxPool(image, 2, 2, "valid"),
  ),
  row(
    "meanPool2d 2 by 2 (avgPool)",
    ({ image }) => image.meanPool2d(2, { stride: 2 }),
    (tf, { image }) => tf.avgPool(image, 2, 2, "valid"),
  ),
  row(
    "maxPool2d 3 by 3",
    ({ image }) => image.maxPool2d(3, { stride: 1, padding: "same" }),
    (tf, { image }) => tf.maxPool(image, 3, 1, "same"),
  ),
  row(
    "localResponseNorm",
    ({ image }) => image.localResponseNorm(2),
    (tf, { image }) => tf.localResponseNormalization(image, 2),
    1e-3,
  ),
  row(
    "batchNorm",
    ({ image, filter }) => image.batchNorm(filter.slice(0, 0, 0), filter.slice(1, 1, 1)),
    (tf, { image, filter }) =>
      tf.batchNorm(
        image,
        tf.reshape(tf.slice(filter, [0, 0, 0, 0], [1, 1, 1, 16]), [16]),
        tf.reshape(tf.slice(filter, [1, 1, 1, 0], [1, 1, 1, 16]), [16]),
      ),
    1e-3,
  ),
  row(
    "resizeBilinear to half",
    ({ image }) => image.resizeBilinear(image.shape[1]! / 2, image.shape[2]! / 2),
    (tf, { image }) => tf.image.resizeBilinear(image, [image.shape[1] / 2, image.shape[2] / 2]),
    1e-3,
  ),
  row(
    "resizeNearest to half",
    ({ image }) => image.resizeNearest(image.shape[1]! / 2, image.shape[2]! / 2),
    (tf, { image }) =>
      tf.image.resizeNearestNeighbor(image, [image.shape[1] / 2, image.shape[2] / 2]),
  ),
];

const PRODUCTS: Operation[] = [
  row(
    "matmul of 32 by 32, batched",
    ({ squares, factors }) => squares.matmul(factors),
    (tf, { squares, factors }) => tf.matMul(squares, factors),
    1e-3,
  ),
  row(
    "the same, one transposed",
    ({ squares, factors }) => squares.matmul(factors.T),
    (tf, { squares, factors }) => tf.matMul(squares, factors, false, true),
    1e-3,
  ),
  row(
    "matrix by vector",
    ({ rows }) => rows.matmul(rows.slice([0, 1]).T),
    (tf, { rows }) => tf.matMul(rows, tf.slice(rows, [0], [1]), false, true),
    1e-3,
  ),
];

const PLACES: Operation[] = [
  row(
    "scatter (tensorScatterUpdate)",
    ({ x, places, updates }) => x.scatter(places, updates),
    (tf, { x, places, updates }) => tf.tensorScatterUpdate(x, tf.reshape(places, [-1, 1]), updates),
  ),
  row(
    "segmentSum (unsortedSegmentSum)",
    ({ eights, groups }) => eights.segmentSum(groups, 64),
    (tf, { eights, groups }) => tf.unsortedSegmentSum(eights, groups, 64),
    1e-2,
  ),
  row(
    "bincount",
    ({ groups }) => groups.bincount(64),
    (tf, { groups }) => tf.bincount(groups, [], 64),
  ),
  row(
    "oneHot of 16",
    ({ places }) => places.oneHot(16),
    (tf, { places }) => tf.oneHot(places, 16),
  ),
  row(
    "take of rows (gather)",
    ({ eights, places }) => eights.take(places.slice([0, Math.ceil(places.size / 2)]).mod(64)),
    (tf, { eights, places }) =>
      tf.gather(
        eights,
        tf.mod(tf.slice(places, [0], [Math.ceil(places.size / 2)]), tf.scalar(64, "int32")),
      ),
  ),
  row(
    "topK of rows, 8",
    ({ rows }) => {
      const [values, indices] = rows.topK(8);
      indices.dispose();
      return values;
    },
    (tf, { rows }) => tf.topk(rows, 8).values,
  ),
];

const SHAPES: Operation[] = [
  row(
    "stack",
    ({ x, y }) => x.stack([y]),
    (tf, { x, y }) => tf.stack([x, y]),
  ),
  row(
    "tile",
    ({ rows }) => rows.tile(1, 2),
    (tf, { rows }) => tf.tile(rows, [1, 2]),
  ),
  row(
    "slice, copied",
    ({ rows }) => rows.slice(null, [100, 900]).copy(),
    (tf, { rows }) => tf.slice(rows, [0, 100], [-1, 800]),
  ),
  row(
    "slice in steps (stridedSlice)",
    ({ rows }) => rows.slice(null, [0, 1024, 3]).copy(),
    (tf, { rows }) => tf.stridedSlice(rows, [0, 0], [rows.shape[0], 1024], [1, 3]),
  ),
  row(
    "mirrorPad",
    ({ image }) =>
      image.pad(
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        "reflect",
      ),
    (tf, { image }) =>
      tf.mirrorPad(
        image,
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        "reflect",
      ),
  ),
  row(
    "depthToSpace",
    ({ image }) => image.depthToSpace(2).copy(),
    (tf, { image }) => tf.depthToSpace(image, 2, "NHWC"),
  ),
  row(
    "transpose of four axes",
    ({ image }) => image.transpose(0, 3, 1, 2).copy(),
    (tf, { image }) => tf.transpose(image, [0, 3, 1, 2]),
  ),
  row(
    "tril (bandPart)",
    ({ squares }) => squares.tril(),
    (tf, { squares }) => tf.linalg.bandPart(squares, -1, 0),
  ),
];

export const OPERATIONS: Operation[] = [...ELEMENTS, ...PRODUCTS, ...WINDOWS, ...PLACES, ...SHAPES];
