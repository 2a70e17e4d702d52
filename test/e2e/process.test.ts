/** The process as an operator meets it: what stops its start, and how it stops. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DETECT, json, sample, until } from './support.js';

const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'e2e-process-'));
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  /** All it has written so far. */
  readonly output: () => string;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

function run(environment: NodeJS.ProcessEnv): Run {
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => text, ended };
}

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

  test('keys, proxies and origins that are none: the variable, in one sentence, without the value', async () => {
    for (const variable of [
      'API_KEYS',
      'API_KEYS_FILE',
      'TRUSTED_PROXIES',
      'CORS_ORIGINS',
      'RATE_LIMIT_REDIS_URL',
    ]) {
      const text = await refusal({ [variable]: 'verysecret/', LOG_LEVEL: 'fatal' });
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
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await refusal({ PORT: String(port), LOG_LEVEL: 'fatal' })).toContain('EADDRINUSE');
    server.close();
  });
});

async function listening({ output }: Run): Promise<string> {
  const address = /Listening on (http:\/\/[\d.:]+)/;
  await until(() => address.test(output()), 30_000);
  return address.exec(output())?.[1] ?? '';
}

describe('a start', () => {
  test('without keys says on one line that anyone may call', async () => {
    const service = run({ LOG_LEVEL: 'warn' });
    await until(() => service.output() !== '', 30_000);
    expect(service.output().trim().split('\n')).toHaveLength(1);
    expect(service.output()).toMatch(/No API key is set: whoever reaches the port may use the API/);
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

describe('a stop', () => {
  test('lets a request in flight be answered, tells health, and exits with 0', async () => {
    let asked = false;
    let answer = (): void => undefined;
    const web = createServer((_, response) => {
      asked = true;
      answer = () => void response.end(sample(3));
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const image_url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;

    const service = run({ URL_ALLOWED_ADDRESSES: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: '2000' });
    const url = await listening(service);
    const response = fetch(url + DETECT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image_url }),
    });
    await until(() => asked);
    service.child.kill('SIGTERM');
    await until(async () => (await fetch(`${url}/-/readyz`)).status === 503, 1_900);
    // Past the grace of health: the server takes no new connections, and still owes this one an answer.
    await until(() =>
      fetch(`${url}/-/livez`).then(
        () => false,
        () => true,
      ),
    );
    answer();
    expect((await json<{ faces: object[] }>(await response)).faces).toHaveLength(3);
    expect(await service.ended).toBe(0);
    expect(service.output()).not.toMatch(/error/i);
    web.close();
  });

  test('waits neither for connections that never ask nor, after an answer, for the next request', async () => {
    let asked = false;
    let answer = (): void => undefined;
    const web = createServer((_, response) => {
      asked = true;
      answer = () => void response.end(sample(3));
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const image_url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;

    const service = run({
      URL_ALLOWED_ADDRESSES: '127.0.0.1',
      SHUTDOWN_TIMEOUT_MS: '0',
      HTTP_KEEP_ALIVE_TIMEOUT_MS: '3600000',
    });
    const { port } = new URL(await listening(service));
    const silent = connect(Number(port), '127.0.0.1');
    const asking = connect(Number(port), '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(asking, 'connect')]);
    const body = JSON.stringify({ image_url });
    asking.write(
      `POST ${DETECT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let text = '';
    asking.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => asked);
    service.child.kill('SIGTERM');
    // The stop has begun once it closes the connection that never asked.
    silent.resume();
    await once(silent, 'close');
    answer();
    expect(await service.ended).toBe(0);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    web.close();
  });

  test('is quick when there is nothing to do, although a caller keeps its connection', async () => {
    const service = run({ SHUTDOWN_TIMEOUT_MS: '0' });
    const url = await listening(service);
    expect((await fetch(`${url}/-/livez`)).status).toBe(200);
    const started = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
