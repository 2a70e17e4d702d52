/** The input and outputs of a graph, and whether they are those that its role needs. */
import type { InferenceSession } from 'onnxruntime-node';
import { AppError } from '../errors.js';

/** Lengths of a tensor's axes; a name stands for any length. */
export type Shape = readonly (number | string)[];

/** The input and outputs that a role needs. */
export interface Signature {
  /** Shape of the only input, batch first. */
  readonly input: Shape;
  /**
   * Shapes of the outputs, batch first: by name (the graph may have others), or as a list of all outputs in the graph's
   * order, for graphs whose names mean nothing. An empty list accepts any outputs.
   */
  readonly outputs: Readonly<Record<string, Shape>> | readonly Shape[];
}

/** @throws AppError `invalid_pack` naming the file, its input and outputs, and the expected ones */
export function assertSignature(
  file: string,
  { inputMetadata, outputMetadata }: InferenceSession,
  { input, outputs }: Signature,
): void {
  const fits = inputMetadata.length === 1 && isOfShape(inputMetadata[0], input);
  if (fits && hasOutputs(outputMetadata, outputs)) return;
  const wanted = isList(outputs)
    ? outputs.map((shape) => shape.join('×'))
    : Object.entries(outputs).map(([name, shape]) => `${name} ${shape.join('×')}`);
  throw new AppError(
    'invalid_pack',
    `${file} does not fit its role: it takes ${inputMetadata.map(describe).join(', ')} and gives ` +
      `${outputMetadata.map(describe).join(', ')}, but one input ${input.join('×')} and the outputs ` +
      `${wanted.join(', ') || '(any)'} are expected.`,
  );
}

function hasOutputs(
  actual: readonly InferenceSession.ValueMetadata[],
  expected: Signature['outputs'],
): boolean {
  if (!isList(expected))
    return Object.entries(expected).every(([name, shape]) =>
      actual.some((output) => output.name === name && isOfShape(output, shape)),
    );
  if (expected.length === 0) return true;
  return actual.length === expected.length && actual.every((output, at) => isOfShape(output, expected[at]));
}

/** Whether outputs are identified by their order. */
export function isList(outputs: Signature['outputs']): outputs is readonly Shape[] {
  return Array.isArray(outputs);
}

/** A free axis of the graph matches every length. */
function isOfShape(value: InferenceSession.ValueMetadata, expected: Shape): boolean {
  return (
    value.isTensor &&
    value.shape.length === expected.length &&
    value.shape.every((length, axis) => typeof length === 'string' || matches(length, expected[axis]))
  );
}

function matches(length: number, expected: number | string): boolean {
  return typeof expected === 'string' || length === expected;
}

function describe(value: InferenceSession.ValueMetadata): string {
  return value.isTensor ? `${value.name} ${value.shape.join('×')}` : `${value.name} (no tensor)`;
}
