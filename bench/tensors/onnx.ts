// Writes small ONNX models (onnx.proto3, IR version 8, opset 17): what onnxruntime-web needs to be compared with.

/** One operation of a graph. `constants` are scalars, f32. */
export interface Model {
  readonly nodes: readonly {
    op: string;
    inputs: string[];
    output: string;
    /** Lists of integers, by name. */
    attributes: Readonly<Record<string, readonly number[]>>;
  }[];
  /** Ranks of the inputs, by name; their sizes are free. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly constants?: Readonly<Record<string, number>>;
  /** Name of the output. */
  readonly output: string;
}

/** onnx.TensorProto.DataType.FLOAT. */
const FLOAT = 1;

/** The model's bytes. All inputs and the output are f32. */
export function onnxModel({ nodes, inputs, constants = {}, output }: Model): Uint8Array {
  const graph = joined(
    ...nodes.map((node) =>
      bytes(
        1,
        joined(
          ...node.inputs.map((name) => text(1, name)),
          text(2, node.output),
          text(4, node.op),
          ...Object.entries(node.attributes).map(([name, values]) => attribute(name, values)),
        ),
      ),
    ),
    text(2, "graph"),
    ...Object.entries(constants).map(([name, value]) =>
      bytes(
        5,
        joined(
          number(2, FLOAT),
          text(8, name),
          bytes(9, new Uint8Array(Float32Array.of(value).buffer)),
        ),
      ),
    ),
    ...Object.entries(inputs).map(([name, rank]) => bytes(11, valueInfo(name, rank))),
    bytes(12, joined(text(1, output), bytes(2, bytes(1, number(1, FLOAT))))),
  );
  return joined(number(1, 8), bytes(7, graph), bytes(8, number(2, 17)));
}

/** onnx.AttributeProto.AttributeType.INTS. */
const INTS = 7;

const attribute = (name: string, values: readonly number[]): Uint8Array =>
  bytes(5, joined(text(1, name), ...values.map((value) => number(8, value)), number(20, INTS)));

/** A ValueInfoProto whose dimensions have names only. */
function valueInfo(name: string, rank: number): Uint8Array {
  const dimensions = Array.from({ length: rank }, (_, i) => bytes(1, text(2, `${name}${i}`)));
  return joined(
    text(1, name),
    bytes(2, bytes(1, joined(number(1, FLOAT), bytes(2, joined(...dimensions))))),
  );
}

// Protocol buffers' wire format: a key (field number, kind), then a number or a length and as many bytes.
const number = (field: number, value: number) => joined(varint(field * 8), varint(value));
const bytes = (field: number, value: Uint8Array) =>
  joined(varint(field * 8 + 2), varint(value.length), value);
const text = (field: number, value: string) => bytes(field, new TextEncoder().encode(value));
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function varint(value: number): Uint8Array {
  const found: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) found.push((left % 128) + 128);
  return Uint8Array.of(...found, left);
}
