/** Hand-made ONNX graphs that are small enough to check by hand. */
import { AttributeType, DataType, type Node, type Tensor, writeOnnx } from '../../models/tools/onnx-file.js';
import { floatTensor, node } from '../../models/tools/onnx-graph.js';

/** A graph with the input `input`, opset 9. */
export function tinyGraph(
  dims: readonly number[],
  outputs: Readonly<Record<string, readonly number[]>>,
  nodes: Node[],
  constants: Tensor[],
): Uint8Array {
  const port = (name: string, shape: readonly number[]) => ({
    name,
    type: {
      tensor_type: { elem_type: DataType.float, shape: { dim: shape.map((size) => ({ dim_value: size })) } },
    },
  });
  const graph = {
    name: 'tiny',
    node: nodes,
    initializer: constants,
    input: [port('input', dims)],
    output: Object.entries(outputs).map(([name, shape]) => port(name, shape)),
    value_info: [],
  };
  return writeOnnx({ ir_version: 7, opset_import: [{ domain: '', version: 9 }], graph });
}

/** A constant of 64-bit integers, such as the target of a Reshape. */
export function integers(name: string, values: readonly number[]): Tensor {
  const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [values.length], data_type: DataType.int64, raw_data: bytes };
}

/** 1×1 convolution that mixes all channels. */
export function pointwise(input: string, output: string, weights: string): Node {
  return node(
    'Conv',
    [input, weights],
    [output],
    [{ name: 'kernel_shape', type: AttributeType.ints, ints: [1, 1] }],
  );
}

/** 3×3 convolution of each channel by itself. */
export function depthwise(
  input: string,
  output: string,
  weights: string,
  channels: number,
  strides: readonly number[] = [1, 1],
): Node {
  return node(
    'Conv',
    [input, weights],
    [output],
    [
      { name: 'kernel_shape', type: AttributeType.ints, ints: [3, 3] },
      { name: 'pads', type: AttributeType.ints, ints: [1, 1, 1, 1] },
      { name: 'strides', type: AttributeType.ints, ints: [...strides] },
      { name: 'group', type: AttributeType.int, i: channels },
    ],
  );
}

/** A constant with values between −1 and 1 that look random and are the same each time. */
export function noise(name: string, dims: readonly number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const values = Array.from({ length: size }, (_, index) => Math.sin((index + 1) * (name.length + 12.9898)));
  return floatTensor(name, dims, values);
}
