/** The start of the process, as an operator sees it. */
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll, listening, run, type Surroundings } from '../support/service-process.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(join(tmpdir(), 'e2e-process-'));
afterAll(() => {
  killAll();
  rmSync(folder, { recursive: true });
});

async function refusal(environment: NodeJS.ProcessEnv, surroundings?: Surroundings): Promise<string> {
  const { ended, output } = run(environment, surroundings);
  expect(await ended).toBe(1);
  return output();
}

describe('a start that fails', () => {
  test('names every wrong variable, never its value', async () => {
    const text = await refusal({
      PORT: 'verysecret1',
      LOG_LEVEL: 'verysecret2',
      INFERENCE_MAX_WORKERS: '0',
      S3_ENDPOINT: 'not a url verysecret3',
      S3_FORCE_PATH_STYLE: 'verysecret4',
      EXECUTION_PROVIDERS: 'cpu,verysecret5',
    });
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'INFERENCE_MAX_WORKERS',
      'S3_ENDPOINT',
      'S3_FORCE_PATH_STYLE',
      'EXECUTION_PROVIDERS',
    ])
      expect(text).toContain(name);
    expect(text).toMatch(/^Invalid configuration: /);
    expect(text).not.toMatch(/verysecret|\bat .*\.js/);
    expect(text.trim().split('\n')).toHaveLength(1);
  });

  test('invalid addresses: names the variable in one sentence, without the value', async () => {
    const text = await refusal({ URL_ALLOWED_ADDRESSES: '10.0.0.0/8,verysecret', LOG_LEVEL: 'fatal' });
    expect(text).toContain('URL_ALLOWED_ADDRESSES');
    expect(text).not.toMatch(/verysecret|\bat .*\.js/);
  });

  test('invalid keys, proxies and origins: names the variable in one sentence, without the value', async () => {
    const variables = [
      'API_KEYS',
      'API_KEYS_FILE',
      'TRUSTED_PROXIES',
      'CORS_ORIGINS',
      'RATE_LIMIT_REDIS_URL',
    ];
    const texts = await Promise.all(
      variables.map((variable) => refusal({ [variable]: 'verysecret/', LOG_LEVEL: 'fatal' })),
    );
    for (const [index, text] of texts.entries()) {
      const variable = variables[index];
      expect(text).toMatch(new RegExp(`^Invalid configuration: .*${variable}`));
      expect(text).not.toMatch(/\bat .*\.js/);
      if (variable !== 'API_KEYS_FILE') expect(text).not.toContain('verysecret');
      expect(text.trim().split('\n')).toHaveLength(1);
    }
  });

  test('an unknown pack', async () => {
    const text = await refusal({ MODEL_PACK: 'no_such_pack', LOG_LEVEL: 'fatal' });
    expect(text).toMatch(/There is no model pack "no_such_pack"/);
    expect(text).not.toMatch(/\bat .*\.js/);
  });

  test('models that were never prepared: says how to', async () => {
    cpSync('models/default/pack.json', join(folder, 'unprepared/pack.json'), { recursive: true });
    const text = await refusal({ MODELS_DIR: folder, MODEL_PACK: 'unprepared', LOG_LEVEL: 'fatal' });
    expect(text).toMatch(/lacks detector\.onnx: run `npm run models -- install unprepared`/);
    expect(text).not.toMatch(/\bat .*\.js/);
  });

  test('a model file that is damaged: says which', async () => {
    const pack = join(folder, 'damaged');
    cpSync('models/default', pack, { recursive: true });
    const [graph] = readdirSync(pack).filter((name) => name === 'recognition.onnx');
    writeFileSync(join(pack, graph), 'no graph');
    const text = await refusal({ MODELS_DIR: folder, MODEL_PACK: 'damaged', LOG_LEVEL: 'fatal' });
    expect(text).toContain('recognition.onnx is damaged or another file');
    expect(text.trim().split('\n')).toHaveLength(1);
  });

  test('a port in use, and settings that cannot be read: one sentence each', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    mkdirSync(join(folder, 'cwd/.env'), { recursive: true });
    const texts = await Promise.all([
      refusal({ PORT: String(port), LOG_LEVEL: 'fatal' }),
      refusal({ MANAGEMENT_PORT: String(port), LOG_LEVEL: 'fatal' }),
      refusal({}, { cwd: join(folder, 'cwd') }),
      refusal({}, { openFiles: 64 }),
    ]);
    server.close();
    expect(texts).toEqual([
      expect.stringContaining(`Another process uses port ${port} of 127.0.0.1`),
      expect.stringContaining(`Another process uses port ${port} of 127.0.0.1`),
      expect.stringMatching(/^Invalid configuration: the file \.env cannot be read \(.*\)\.$/m),
      expect.stringMatching(/^The limit on open files is too low: raise it/),
    ]);
    for (const text of texts) expect(text.trim().split('\n')).toHaveLength(1);
  });
});

describe('a start', () => {
  test('without keys says on one line that anyone may call', async () => {
    const service = run({ LOG_LEVEL: 'warn' });
    await until(() => service.output() !== '');
    expect(service.output().trim().split('\n')).toHaveLength(1);
    expect(service.output()).toMatch(/No API key is set: anyone who can reach the port may use the API/);
    service.child.kill('SIGKILL');
  });

  test('with keys names them, and shows neither them nor their hashes', async () => {
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const service = run({ API_KEYS: `ci:${hash},web:${hash}:2099-01-01,intern:${hash}:2020-01-01` });
    await listening(service);
    expect(service.output()).toContain('API keys: ci, web (until 2099-01-01), intern (expired 2020-01-01).');
    expect(service.output()).not.toMatch(/No API key|ba7816/);
    service.child.kill('SIGKILL');
  });
});
