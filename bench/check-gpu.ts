/**
 * Checks on a machine with a GPU what cannot be checked without one: `npm run check:gpu`. Prints one line per check, `PASS` or
 * `FAIL` with the reason, and exits with 1 if any check fails. Throughput is printed for information only.
 */
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { readRecipe, type Recipe } from '../models/tools/recipe.js';
import { Config, loadConfig } from '../src/config/config.js';
import { messageOf } from '../src/errors.js';
import { cudaProblems } from '../src/sessions/cuda-machine.js';
import type { Provider } from '../src/sessions/runtime-report.js';
import { type Model, SessionManager } from '../src/sessions/session-manager.service.js';
import type { Tensor } from '../src/vision/tensor.js';
import { oneFace } from './pictures.js';
import { startService } from './server-process.js';

/**
 * Maximum difference between the two providers, relative to the largest value of an output. Newer GPUs multiply with the 10 bits
 * of TF32 (a relative error of 0.001 per product); the error of a wrong kernel is far larger.
 */
const TOLERANCE = 0.02;
const BATCHES = [1, 8, 32];
/** Side of the input, for a graph that takes any size. */
const FREE_SIDE = 320;
const MEASURE_MS = 500;

let failures = 0;

/** Runs one check and prints its result. @returns whether it passed */
async function check(name: string, run: () => Promise<string> | string): Promise<boolean> {
  try {
    console.log(`PASS  ${name}: ${await run()}`);
    return true;
  } catch (error) {
    failures++;
    console.log(`FAIL  ${name}: ${messageOf(error)}`);
    return false;
  }
}

/** All graphs of a pack and of the packs that it extends. */
function graphsOf(recipe: Recipe): string[] {
  const own = recipe.files.filter(({ forCpu }) => !forCpu).map(({ file }) => join(recipe.folder, file));
  return [...own, ...(recipe.base === undefined ? [] : graphsOf(recipe.base))];
}

interface Opened {
  readonly sessions: SessionManager;
  readonly model: Model;
}

async function open(path: string, provider: Provider, deviceIds: string[]): Promise<Opened> {
  const settings: Partial<Config> = { executionProviders: [provider], cudaDeviceIds: deviceIds };
  const sessions = new SessionManager(Object.assign(new Config(), settings));
  const model = await sessions.open(path, { input: ['N', 'C', 'H', 'W'], outputs: [] });
  return { sessions, model };
}

/** Shape of the graph's input without the batch dimension. */
async function itemShape(path: string): Promise<number[]> {
  const session = await InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const [input] = session.inputMetadata;
  await session.release();
  if (input?.isTensor !== true) throw new Error('its input is not a tensor');
  return input.shape.slice(1).map((length) => (typeof length === 'number' ? length : FREE_SIDE));
}

/** Numbers between −1 and 1, the same ones each time. */
function numbers(rows: number, shape: readonly number[]): Tensor {
  const length = shape.reduce((product, each) => product * each, rows);
  return {
    data: Float32Array.from({ length }, (_, index) => Math.sin(index * 0.7)),
    shape: [rows, ...shape],
  };
}

/** Compares the outputs of both providers. @returns the largest differences @throws Error if one exceeds the tolerance */
async function compare(cpu: Model, cuda: Model, input: Tensor): Promise<string> {
  const [expected, actual] = [await cpu.run(input), await cuda.run(input)];
  const shares = Object.entries(expected).map(([name, { data }]) => {
    const other = actual[name].data;
    let [largest, difference] = [0, 0];
    for (const [index, value] of data.entries()) {
      largest = Math.max(largest, Math.abs(value));
      const off = Math.abs(value - other[index]);
      difference = Math.max(difference, Number.isNaN(off) ? Infinity : off);
    }
    const share = difference / Math.max(largest, 1e-6);
    if (data.length !== other.length || share > TOLERANCE)
      throw new Error(
        `output ${name} differs by ${difference}, ${(100 * share).toFixed(2)} % of its largest value`,
      );
    return `${name} ${(100 * share).toFixed(3)} %`;
  });
  return `largest difference of each output: ${shares.join(', ')}`;
}

/** Items per second. */
async function throughput(model: Model, rows: number, shape: readonly number[]): Promise<number> {
  const input = numbers(rows, shape);
  await model.run(input);
  const start = performance.now();
  let runs = 0;
  for (; performance.now() - start < MEASURE_MS; runs++) await model.run(input);
  return (1000 * rows * runs) / (performance.now() - start);
}

async function checkGraph(path: string, deviceIds: string[]): Promise<void> {
  const file = basename(path);
  const shape = await itemShape(path);
  const cpu = await open(path, 'cpu', deviceIds);
  let cuda: Opened | undefined;
  const isOnCuda = await check(`${file} on the GPU`, async () => {
    cuda = await open(path, 'cuda', deviceIds);
    await cuda.model.run(numbers(1, shape));
    const { provider } = await cuda.sessions.audit();
    return `every node that computes runs on ${provider}`;
  });
  if (cuda !== undefined && isOnCuda) {
    const { model } = cuda;
    await check(`${file}, same results`, () =>
      compare(cpu.model, model, numbers(Math.min(2, model.maxBatch), shape)),
    );
    for (const rows of BATCHES.filter((each) => each <= cpu.model.maxBatch || each <= model.maxBatch)) {
      const [onCpu, onCuda] = [
        await throughput(cpu.model, rows, shape),
        await throughput(model, rows, shape),
      ];
      console.log(
        `      ${file}, batch ${rows}: CPU (one thread) ${onCpu.toFixed(0)}/s, GPU ${onCuda.toFixed(0)}/s`,
      );
    }
  }
  await cpu.sessions.onModuleDestroy();
  await cuda?.sessions.onModuleDestroy();
}

/** The GPUs that the driver lists. */
function driver(): string {
  const query = ['--query-gpu=index,name,driver_version,memory.total', '--format=csv,noheader'];
  try {
    return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim().replaceAll('\n', '; ');
  } catch (error) {
    throw new Error(`nvidia-smi lists no GPU (${messageOf(error)})`, { cause: error });
  }
}

async function serve(): Promise<string> {
  const service = await startService({ EXECUTION_PROVIDERS: 'cuda' });
  try {
    const model = (await (await fetch(`${service.url}/v1/models/insightface`)).json()) as {
      execution_provider: string;
    };
    if (model.execution_provider !== 'cuda') throw new Error(`it runs on ${model.execution_provider}`);
    const health = (await (await fetch(`${service.url}/-/healthz`)).json()) as { status: string };
    if (health.status !== 'ok') throw new Error(`its health is ${JSON.stringify(health)}`);
    const response = await fetch(`${service.url}/v1/models/insightface:detect`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: (await oneFace()) as Uint8Array<ArrayBuffer>,
    });
    const { faces } = (await response.json()) as { faces?: object[] };
    if (faces?.length !== 1)
      throw new Error(`it answers ${response.status} with ${faces?.length ?? 'no'} faces`);
    return 'it starts, uses the GPU, is healthy and finds the face of a picture';
  } finally {
    await service.stop();
  }
}

const { modelsDir, modelPack, cudaDeviceIds } = loadConfig();
await check('driver', driver);
const problems = cudaProblems();
for (const problem of problems) await check('libraries', () => Promise.reject(new Error(problem)));
if (problems.length === 0)
  await check('libraries', () => 'the CUDA provider finds all libraries it is linked with');

if (failures === 0) {
  const graphs = graphsOf(await readRecipe(modelsDir, modelPack));
  for (const path of graphs) await checkGraph(path, cudaDeviceIds.slice(0, 1));
  await check('service with EXECUTION_PROVIDERS=cuda', serve);
} else console.log('      models and service were not checked, because they need the above');
console.log(failures === 0 ? 'The GPU can be used.' : `${failures} checks failed.`);
process.exitCode = failures === 0 ? 0 : 1;
