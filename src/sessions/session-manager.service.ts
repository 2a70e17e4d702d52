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

/** One loaded graph. */
export interface Model {
  /** Names of its outputs. */
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
   * @param outputs names it must have
   * @throws AppError `invalid_pack` when the file is no graph, or not the one its role needs
   */
  async open(path: string, outputs: readonly string[]): Promise<Model> {
    const session = await this.create(path);
    this.sessions.push(session);
    const [input, ...others] = session.inputNames;
    const missing = outputs.filter((name) => !session.outputNames.includes(name));
    if (input === undefined || others.length > 0 || missing.length > 0) {
      throw new AppError(
        'invalid_pack',
        `${basename(path)} has inputs [${session.inputNames.join(', ')}] and outputs [${session.outputNames.join(', ')}]; ` +
          `one input and the outputs [${outputs.join(', ')}] are expected.`,
      );
    }
    return {
      outputs: session.outputNames,
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

/** The first dimension of the input, where it is a number and not a name. */
function fixedBatch({ inputMetadata: [input] }: InferenceSession): number | undefined {
  const batch = input?.isTensor === true ? input.shape[0] : undefined;
  return typeof batch === 'number' && batch > 0 ? batch : undefined;
}

function floats({ data, dims }: OrtTensor): Tensor {
  if (!(data instanceof Float32Array)) throw new TypeError('A model gave an output that is not float32.');
  return { data, shape: dims };
}
