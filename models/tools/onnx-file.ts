/** Reads and writes ONNX files. The schema is the part of onnx/onnx.proto kept in onnx.proto beside this file. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { AppError, messageOf } from '../../src/errors.js';

/** A 64-bit integer as protobufjs reads it (a Long) and accepts it (also a number). `toNumber` converts. */
export type Int64 = number | { toString(): string };

/** An attribute of a node; `type` says which of the values it has. */
export interface Attribute {
  name: string;
  type: number;
  f?: number;
  i?: Int64;
  t?: Tensor;
  floats?: number[];
  ints?: Int64[];
}

/** One operation: reads the tensors named in `input`, writes those named in `output`. */
export interface Node {
  op_type: string;
  /** The domain of the operation; missing: ONNX's own. */
  domain?: string;
  name?: string;
  input: string[];
  output: string[];
  attribute: Attribute[];
}

/** A constant. `data_type` is one of `DataType`; the values are little-endian in `raw_data`. */
export interface Tensor {
  name?: string;
  dims: Int64[];
  data_type: number;
  raw_data: Uint8Array;
}

/** One dimension of a shape: a number, or a name for any length. */
export interface Dimension {
  dim_value?: Int64;
  dim_param?: string;
}

/** Name, element type and shape of an input or output. */
export interface ValueInfo {
  name: string;
  /** Runtimes infer a missing shape. */
  type: { tensor_type: { elem_type: number; shape?: { dim: Dimension[] } } };
}

/** Nodes in an order in which each comes after those it reads from, and the constants they use. */
export interface Graph {
  name: string;
  node: Node[];
  initializer: Tensor[];
  input: ValueInfo[];
  output: ValueInfo[];
  value_info: ValueInfo[];
}

/** A whole ONNX file. */
export interface Model {
  ir_version: Int64;
  /** The sets of operations that it uses, each in one version. */
  opset_import: { domain: string; version: Int64 }[];
  graph: Graph;
}

/** `TensorProto.DataType` of what our graphs contain. */
export const DataType = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;

/** `AttributeProto.AttributeType` of what we write. */
export const AttributeType = { float: 1, int: 2, ints: 7 } as const;

const schema = protobuf
  .parse(readFileSync(new URL('onnx.proto', import.meta.url), 'utf8'), { keepCase: true })
  .root.resolveAll()
  .lookupType('onnx.ModelProto');

/**
 * The model in `bytes`, as an object that may be changed.
 * @throws AppError `invalid_pack` if the bytes are not an ONNX model, or contain something that the schema lacks
 */
export function readOnnx(bytes: Uint8Array): Model {
  let model: Model;
  try {
    model = schema.decode(bytes) as unknown as Model;
  } catch (error) {
    throw new AppError(
      'invalid_pack',
      `This is not an ONNX model: ${messageOf(error)}`,
      {},
      { cause: error },
    );
  }
  // protobufjs drops fields that the schema lacks: they would be missing from the written file.
  const again = writeOnnx(model);
  if (again.byteLength !== bytes.byteLength) {
    const message =
      'This ONNX model cannot be changed without loss: read and written again it has ' +
      `${again.byteLength} bytes in place of ${bytes.byteLength}; onnx.proto lacks a field it uses.`;
    throw new AppError('invalid_pack', message);
  }
  return model;
}

/** The bytes of `model`: the same for the same model, on every machine. */
export function writeOnnx(model: Model): Uint8Array {
  return schema.encode(model).finish();
}

/** A 64-bit integer that is known to be small, such as a dimension. */
export function toNumber(value: Int64): number {
  return Number(value.toString());
}
