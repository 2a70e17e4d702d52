/** The process as an operator meets it: what stops its start. */
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll, run } from './service-process.js';

const folder = mkdtempSync(join(tmpdir(), 'e2e-process-'));
afterAll(() => {
  killAll();
  rmSync(folder, { recursive: true });
});

async function refusal(environment: NodeJS.ProcessEnv): Promise<string> {
  const { ended, output } = run(environment);
  expect(await ended).toBe(1);
  return output();
}

describe('a start that cannot be', () => {
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

  test('addresses that are none: the variable, in one sentence, without the value', async () => {
    const text = await refusal({ URL_ALLOWED_ADDRESSES: '10.0.0.0/8,verysecret', LOG_LEVEL: 'fatal' });
    expect(text).toContain('URL_ALLOWED_ADDRESSES');
    expect(text).not.toMatch(/verysecret|\bat .*\.js/);
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
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await refusal({ PORT: String(port), LOG_LEVEL: 'fatal' })).toContain('EADDRINUSE');
    server.close();
  });
});
