/** Sessions for a GPU on a machine where they cannot run there: refused, or reported. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Config } from '../../src/config/config.js';
import { runInBatches } from '../../src/sessions/batches.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';

const DETECTOR = 'models/default/detector.onnx';
const ANY = { input: ['N', 'C', 'H', 'W'], outputs: [] };
/** No machine has that many GPUs, so that none can use this one. */
const NO_SUCH_GPU = ['99'];

/** Also takes sessions that look as if they had been created for the GPU. */
class DeceivedManager extends SessionManager {
  profilesIn(): Promise<string> {
    return this.profileFolder();
  }

  take(session: InferenceSession, profile: string): void {
    this.keep({ session, provider: 'cuda', file: 'detector.onnx', profile });
  }
}

const managers: SessionManager[] = [];
function manager(executionProviders: string[]): DeceivedManager {
  const sessions = new DeceivedManager(
    Object.assign(new Config(), { executionProviders, cudaDeviceIds: NO_SUCH_GPU }),
  );
  managers.push(sessions);
  return sessions;
}
afterEach(() => Promise.all(managers.splice(0).map((each) => each.onModuleDestroy())));

test('cuda: a session that cannot run on the GPU is refused, with what is missing and what to do', async () => {
  await expect(manager(['cuda']).open(DETECTOR, ANY)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(/^The GPU cannot be used.*EXECUTION_PROVIDERS=cuda,cpu\.$/) as string,
  });
});

test('cuda,cpu: it runs on the CPU, and the audit says so', async () => {
  const sessions = manager(['cuda', 'cpu']);
  const model = await sessions.open(DETECTOR, ANY);
  await model.run({ data: new Float32Array(3 * 96 * 128), shape: [1, 3, 96, 128] });
  expect(model).toMatchObject({ maxBatch: 2, fewSizes: false });
  expect(await sessions.audit()).toEqual({
    provider: 'cpu',
    problem: expect.stringMatching(/^The GPU cannot be used/) as string,
  });
});

test('cpu: no problem is reported', async () => {
  const sessions = manager(['cpu']);
  await sessions.open(DETECTOR, ANY);
  expect(await sessions.audit()).toEqual({ provider: 'cpu', problem: undefined });
});

test('a file that is not a graph is a fault of the pack on any provider', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gpu-sessions-'));
  await writeFile(join(folder, 'text.onnx'), 'not a graph');
  await expect(manager(['cuda', 'cpu']).open(join(folder, 'text.onnx'), ANY)).rejects.toMatchObject({
    code: 'invalid_pack',
  });
  await rm(folder, { recursive: true });
});

describe('a session that was created for the GPU and silently runs on the CPU', () => {
  /** A real CPU session with a real profile, in the place of the one on the GPU. */
  async function deceived(executionProviders: string[], isRun = true): Promise<DeceivedManager> {
    const sessions = manager(executionProviders);
    const profile = join(await sessions.profilesIn(), '0');
    const session = await InferenceSession.create(DETECTOR, {
      executionProviders: ['cpu'],
      enableProfiling: true,
      profileFilePrefix: profile,
    });
    const input = new Tensor('float32', new Float32Array(3 * 96 * 128), [1, 3, 96, 128]);
    if (isRun) await session.run({ input });
    sessions.take(session, profile);
    return sessions;
  }

  test('cuda: refused, naming model, node and operator', async () => {
    const sessions = await deceived(['cuda']);
    await expect(sessions.audit()).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(
        /^The GPU is not used for all of the models: Conv "\S+" of detector\.onnx runs on CPUExecutionProvider, .*, and \d+ more\. /,
      ) as string,
    });
  });

  test('cuda,cpu: reported in the same words', async () => {
    const { provider, problem } = await (await deceived(['cuda', 'cpu'])).audit();
    expect([provider, problem]).toEqual(['cuda', expect.stringMatching(/Conv "\S+" of detector\.onnx/)]);
  });

  test('a model that never ran is reported too', async () => {
    await expect((await deceived(['cuda'], false)).audit()).rejects.toThrow(
      /detector\.onnx left no profile of its first run/,
    );
  });

  test.each([[['cuda', 'cpu']], [['cuda']]])('with %j no profile is left behind', async (providers) => {
    const sessions = await deceived(providers);
    const folder = await sessions.profilesIn();
    expect(await readdir(folder)).toHaveLength(1);
    await sessions.audit().catch(() => undefined);
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('batches of few sizes give the same answers as batches of any size', async () => {
  const model = await manager(['cpu']).open('models/default/landmarks.onnx', ANY);
  const sizes: number[] = [];
  const counted: typeof model = {
    ...model,
    maxBatch: 8,
    fewSizes: true,
    run: (input, fetches) => {
      sizes.push(input.shape[0]);
      return model.run(input, fetches);
    },
  };
  const seeds = Array.from({ length: 13 }, (_, index) => index);
  const answers = [model, counted].map((each) =>
    runInBatches(each, seeds, [1, 64, 64], (seed, { data }, offset) => {
      for (let index = 0; index < 4096; index++) data[offset + index] = Math.sin(seed + index) ** 2;
    }),
  );
  const [expected, actual] = await Promise.all(answers);
  expect(sizes).toEqual([8, 8]);
  expect(actual).toHaveLength(13);
  for (const [index, { landmarks }] of actual.entries())
    for (const [at, value] of landmarks.entries())
      expect(value).toBeCloseTo(expected[index].landmarks[at], 4);
});
