/**
 * The ONNX sessions of one worker thread. The only file that knows onnxruntime.
 *
 * onnxruntime-node 1.30 runs a graph synchronously on the calling thread (its `run` is a promise around a blocking
 * call), so this service must never be used on the main thread.
 */
import { basename } from 'node:path';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import type { Tensor } from '../vision/tensor.js';

/** Lengths of a tensor's axes: a number must be that long, a name may have any length. */
export type Shape = readonly (number | string)[];

/** What a role needs its graph to take and to give. */
export interface Signature {
  /** Shape of the only input, batch first. */
  readonly input: Shape;
  /**
   * Shapes of the outputs, batch first: by name (the graph may have others), or as a list of all of them in the graph's
   * order, for graphs that name theirs as they like. An empty list takes any.
   */
  readonly outputs: Readonly<Record<string, Shape>> | readonly Shape[];
}

/** One loaded graph. */
export interface Model {
  /** Names of the outputs that its role uses, in the order of the signature. */
  readonly outputs: readonly string[];
  /** Most items of one run: what the graph fixes, Infinity where it leaves the number open. */
  readonly maxBatch: number;
  /**
   * Runs the graph on one batch.
   * @param input the graph's only input, N×…
   * @param fetches outputs to compute; default: all of them
   * @returns each output by name, N×…
   */
  run(input: Tensor, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
}

@Injectable()
export class SessionManager implements OnModuleDestroy {
  private readonly sessions: InferenceSession[] = [];
  private isStopped = (): boolean => false;

  constructor(private readonly config: Config) {}

  /**
   * From when `isStopped` holds on, models refuse to run. A thread must not be ended inside native code (onnxruntime
   * then aborts the whole process), so this is how a job ends early: between two runs.
   */
  stopWhen(isStopped: () => boolean): void {
    this.isStopped = isStopped;
  }

  /**
   * Loads a graph.
   * @param path of the .onnx file
   * @param expected what the graph must take and give
   * @throws AppError `invalid_pack` when the file is no graph, or not the one its role needs
   */
  async open(path: string, expected: Signature): Promise<Model> {
    const session = await this.create(path);
    this.sessions.push(session);
    assertSignature(basename(path), session, expected);
    const [input] = session.inputNames;
    const outputs = isList(expected.outputs) ? session.outputNames : Object.keys(expected.outputs);
    return {
      outputs,
      maxBatch: fixedBatch(session) ?? Infinity,
      run: async ({ data, shape }, fetches = outputs) => {
        if (this.isStopped())
          throw new AppError('deadline_exceeded', 'Nobody waits for the answer any more.');
        const results = await session.run({ [input]: new OrtTensor('float32', data, shape) }, [...fetches]);
        return Object.fromEntries(fetches.map((name) => [name, floats(results[name])]));
      },
    };
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.sessions.splice(0).map((session) => session.release()));
  }

  private async create(path: string): Promise<InferenceSession> {
    try {
      return await InferenceSession.create(path, {
        executionProviders: this.config.executionProviders,
        intraOpNumThreads: this.config.inferenceIntraOpThreads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
    } catch (error) {
      throw new AppError(
        'invalid_pack',
        `${basename(path)} cannot be loaded: ${messageOf(error)}`,
        {},
        { cause: error },
      );
    }
  }
}

/** @throws AppError `invalid_pack` naming the file, what it has and what was expected */
function assertSignature(
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

function isList(outputs: Signature['outputs']): outputs is readonly Shape[] {
  return Array.isArray(outputs);
}

/** A free axis of the graph fits every length. */
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

/** The first dimension of the input, where it is a number and not a name. */
function fixedBatch({ inputMetadata: [input] }: InferenceSession): number | undefined {
  const batch = input?.isTensor === true ? input.shape[0] : undefined;
  return typeof batch === 'number' && batch > 0 ? batch : undefined;
}

function floats({ data, dims }: OrtTensor): Tensor {
  if (!(data instanceof Float32Array)) throw new TypeError('A model gave an output that is not float32.');
  return { data, shape: dims };
}
