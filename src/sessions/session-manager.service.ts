/**
 * The ONNX sessions of one worker thread. The only file that runs onnxruntime.
 *
 * onnxruntime-node 1.30 runs a graph synchronously on the calling thread (its `run` is a promise around a blocking
 * call), so this service must never be used on the main thread.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InferenceSession, listSupportedBackends, Tensor as OrtTensor } from 'onnxruntime-node';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import type { GraphPaths } from '../packs/graph-paths.js';
import type { Tensor } from '../vision/tensor.js';
import { cudaProblems, providerFile } from './cuda-machine.js';
import { type Placement, placementOf } from './profile-audit.js';
import type { Provider, RuntimeReport } from './runtime-report.js';
import { assertSignature, isList, type Signature } from './signature.js';

/**
 * The most items of one run: with more, the activations exceed the cache of a CPU's core; a GPU gains little from more.
 */
const MAX_BATCH: Readonly<Record<Provider, number>> = { cpu: 2, cuda: 64 };
/** The most nodes that a message names. */
const MAX_NAMED = 5;

/** One loaded graph. */
export interface Model {
  /** Names of the outputs that its role uses, in the order of the signature. */
  readonly outputs: readonly string[];
  /** The most items of one run. */
  readonly maxBatch: number;
  /**
   * Whether batches should come in few sizes: on a GPU, cuDNN's exhaustive search times the convolutions again for
   * every new size, and the Node.js binding cannot turn it off.
   */
  readonly fewSizes: boolean;
  /**
   * Runs the graph on one batch.
   * @param input the graph's only input, N×…
   * @param fetches outputs to compute; default: all of them
   * @returns each output by name, N×…
   */
  run(input: Tensor, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
}

/** A session and where it was created to run. */
interface Opened {
  readonly session: InferenceSession;
  readonly provider: Provider;
  readonly file: string;
  /** Path prefix of its profile, until the audit. */
  readonly profile?: string;
}

/**
 * With `EXECUTION_PROVIDERS=cuda`, anything that does not run on the GPU is an error; with `cuda,cpu` it runs on the
 * CPU and `audit` reports it.
 */
@Injectable()
export class SessionManager implements OnModuleDestroy {
  private readonly opened: Opened[] = [];
  /** Why no further sessions are created on the GPU. */
  private problem?: string;
  private profiles?: Promise<string>;
  private isStopped = (): boolean => false;

  constructor(private readonly config: Config) {}

  /**
   * Once `isStopped` returns true, models refuse to run. A thread must not be ended inside native code, because
   * onnxruntime then aborts the whole process; so a job ends early between two runs.
   */
  stopWhen(isStopped: () => boolean): void {
    this.isStopped = isStopped;
  }

  /**
   * Loads a graph.
   * @param graph path of the .onnx file, or the paths of the graph and of the one for a CPU
   * @param expected its input and outputs
   * @throws AppError `invalid_pack` if the file is not a graph, or not one that fits its role; `invalid_configuration`
   *   if it must run on the GPU and cannot
   */
  async open(graph: string | GraphPaths, expected: Signature): Promise<Model> {
    const { session, provider, file } = await this.create(
      typeof graph === 'string' ? { path: graph } : graph,
    );
    assertSignature(file, session, expected);
    const [input] = session.inputNames;
    const outputs = isList(expected.outputs) ? session.outputNames : Object.keys(expected.outputs);
    return {
      outputs,
      maxBatch: Math.min(fixedBatch(session) ?? Infinity, MAX_BATCH[provider]),
      fewSizes: provider === 'cuda',
      run: async ({ data, shape }, fetches = outputs) => {
        if (this.isStopped())
          throw new AppError('deadline_exceeded', 'Nobody waits for the answer any more.');
        const results = await session.run({ [input]: new OrtTensor('float32', data, shape) }, [...fetches]);
        return Object.fromEntries(fetches.map((name) => [name, floats(results[name])]));
      },
    };
  }

  /**
   * Reports where the models really run, from the profiles of their first runs. Call it once, after every model has
   * run.
   * @throws AppError `invalid_configuration` naming the nodes that are not on the GPU, where only the GPU is allowed
   */
  async audit(): Promise<RuntimeReport> {
    const onCuda = this.opened.filter(({ provider }) => provider === 'cuda');
    const findings: string[] = [];
    for (const opened of onCuda) findings.push(...strayNodes(opened.file, await this.placement(opened)));
    await this.dropProfiles();
    if (findings.length > 0) {
      const others = findings.length > MAX_NAMED ? `, and ${findings.length - MAX_NAMED} more` : '';
      await this.fallBack(
        `The GPU is not used for all of the models: ${findings.slice(0, MAX_NAMED).join(', ')}${others}.`,
      );
    }
    return { provider: onCuda.length > 0 ? 'cuda' : 'cpu', problem: this.problem };
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.opened.splice(0).map(({ session }) => session.release()));
    await this.dropProfiles();
  }

  private async create({ path, onCpu = path }: GraphPaths): Promise<Opened> {
    if (this.config.executionProviders[0] === 'cuda' && this.problem === undefined) {
      const unavailable = unavailableProvider();
      if (unavailable !== undefined) await this.fallBack(unavailable);
      else {
        try {
          return await this.createOnCuda(path);
        } catch (error) {
          if (error instanceof AppError) throw error;
          // If the CPU cannot load the graph either, the graph is at fault, and this throws.
          const opened = await this.createOnCpu(onCpu);
          await this.fallBack(gpuFailure(basename(path), error), error);
          return opened;
        }
      }
    }
    return this.createOnCpu(onCpu);
  }

  private async createOnCuda(path: string): Promise<Opened> {
    const deviceId = Number(this.config.cudaDeviceIds[0]);
    const profile = join(await this.profileFolder(), String(this.opened.length));
    const session = await InferenceSession.create(path, {
      ...this.options(),
      executionProviders: [{ name: 'cuda', deviceId }],
      enableProfiling: true,
      profileFilePrefix: profile,
    });
    return this.keep({ session, provider: 'cuda', file: basename(path), profile });
  }

  private async createOnCpu(path: string): Promise<Opened> {
    const file = basename(path);
    try {
      const session = await InferenceSession.create(path, {
        ...this.options(),
        executionProviders: ['cpu'],
      });
      return this.keep({ session, provider: 'cpu', file });
    } catch (error) {
      const message = `${file} cannot be loaded: ${messageOf(error)}`;
      throw new AppError('invalid_pack', message, {}, { cause: error });
    }
  }

  protected keep(opened: Opened): Opened {
    this.opened.push(opened);
    return opened;
  }

  private options(): InferenceSession.SessionOptions {
    return {
      intraOpNumThreads: this.config.inferenceIntraOpThreads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    };
  }

  /** Continues without the GPU where that is allowed. */
  private async fallBack(problem: string, cause?: unknown): Promise<void> {
    if (!this.config.executionProviders.includes('cpu')) {
      // Nest does not destroy a module that failed to start.
      await this.dropProfiles();
      const remedy = 'Fix this, or allow the CPU with EXECUTION_PROVIDERS=cuda,cpu.';
      throw new AppError('invalid_configuration', `${problem} ${remedy}`, {}, { cause });
    }
    this.problem ??= problem;
  }

  /** Ends the profile of a session and reads it; undefined where there is none. */
  private async placement({ session, profile = '' }: Opened): Promise<Placement | undefined> {
    session.endProfiling();
    const folder = await this.profileFolder();
    // ONNX Runtime appends the time to the name, and its binding does not return the name.
    const name = (await readdir(folder)).find((each) => each.startsWith(`${basename(profile)}_`));
    return name === undefined ? undefined : placementOf(await readFile(join(folder, name), 'utf8'));
  }

  protected async profileFolder(): Promise<string> {
    this.profiles ??= mkdtemp(join(tmpdir(), 'face-analysis-profiles-'));
    return this.profiles.catch((error: unknown) => {
      const message = `The folder for temporary files cannot be written (${messageOf(error)}), and the check of what runs on the GPU needs it: set TMPDIR.`;
      throw new AppError('invalid_configuration', message, {}, { cause: error });
    });
  }

  private async dropProfiles(): Promise<void> {
    if (this.profiles !== undefined) await rm(await this.profiles, { recursive: true, force: true });
    this.profiles = undefined;
  }
}

/**
 * Why the GPU cannot be used at all. The binding drops a provider that its build lacks with only a line on the console,
 * and for a missing library onnxruntime prints several lines for each worker; this message is clearer.
 */
function unavailableProvider(): string | undefined {
  const isBuiltIn = listSupportedBackends().some(({ name }) => name === 'cuda');
  if (isBuiltIn && existsSync(providerFile())) return undefined;
  return `The GPU cannot be used. ${cudaProblems().join(' ') || 'This onnxruntime-node was built without CUDA.'}`;
}

/**
 * What is missing on this machine; or else CUDA's own message, such as a device that does not exist or too little
 * memory.
 */
function gpuFailure(file: string, error: unknown): string {
  const problems = cudaProblems();
  if (problems.length > 0) return `The GPU cannot be used. ${problems.join(' ')}`;
  return `The GPU cannot be used for ${file}: ${messageOf(error).trim().replace(/\.$/, '')}.`;
}

function strayNodes(file: string, placement: Placement | undefined): string[] {
  if (placement === undefined || placement.nodes === 0) return [`${file} left no profile of its first run`];
  return placement.stray.map(
    ({ name, operator, provider }) => `${operator} "${name}" of ${file} runs on ${provider}`,
  );
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
