/** A service that is configured to use a GPU but cannot: it does not start, or it runs and says so. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { sample } from '../fixtures/pictures.js';
import { DETECT, json, postBytes } from '../support/service.js';
import { until } from '../support/until.js';

/** No machine has that many GPUs, so this one cannot be used on a machine with a GPU either. */
const NO_SUCH_GPU = { CUDA_DEVICE_IDS: '99' };

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

function run(environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...NO_SUCH_GPU, ...environment },
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, output: () => text };
}

test('cuda alone: does not start, and says in one line what is missing', async () => {
  const { ended, output } = run({ EXECUTION_PROVIDERS: 'cuda', LOG_LEVEL: 'fatal' });
  expect(await ended).toBe(1);
  const sentence = output().trim().split('\n').at(-1);
  expect(sentence).toMatch(/^The GPU cannot be used.*EXECUTION_PROVIDERS=cuda,cpu\.$/);
  expect(output()).not.toMatch(/\bat .*\.js/);
});

test('cuda,cpu: starts, says so once for all workers, answers, and is degraded', async () => {
  const { child, ended, output } = run({
    EXECUTION_PROVIDERS: 'cuda,cpu',
    INFERENCE_MIN_WORKERS: '2',
    INFERENCE_MAX_WORKERS: '2',
    SHUTDOWN_TIMEOUT_MS: '0',
  });
  const address = /Listening on (http:\/\/[\d.:]+)/;
  await until(() => address.test(output()));
  const url = address.exec(output())?.[1] ?? '';

  const health = await fetch(`${url}/-/healthz`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({
    status: 'degraded',
    details: {
      runtime: {
        status: 'degraded',
        provider: 'cpu',
        message: expect.stringMatching(/^The GPU cannot be used/) as string,
      },
      inference: { status: 'up' },
    },
  });
  expect(await json(await fetch(`${url}/-/readyz`))).toMatchObject({ status: 'ok' });
  expect(await json(await fetch(`${url}/v1/models/insightface`))).toMatchObject({
    execution_provider: 'cpu',
    execution_providers: ['cuda', 'cpu'],
  });
  const { faces } = await json<{ faces: object[] }>(
    await postBytes({ url } as Parameters<typeof postBytes>[0], DETECT, sample(3)),
  );
  expect(faces).toHaveLength(3);

  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(output().match(/DEGRADED/g)).toHaveLength(1);
});
