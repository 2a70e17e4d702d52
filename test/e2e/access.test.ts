/** Who may call the service over HTTP, from where, how often and how slowly. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { Validator } from '@seriousme/openapi-schema-validator';
import { formatApiKey, hashOf, newApiKey } from '../../src/access/api-key.js';
import type { Config } from '../../src/config/config.js';
import { ManagementServer } from '../../src/http/server/management-server.js';
import { ImageLoader } from '../../src/images/image-loader.service.js';
import { blank } from '../fixtures/pictures.js';
import { DETECT, json, postBytes, problemOf, type Service, startService } from '../support/service.js';
import { until } from '../support/until.js';

const MODELS = '/v1/models';
const [ci, web, old] = [newApiKey(), newApiKey(), newApiKey()];
const line = (name: string, key: string, expires?: string): string =>
  formatApiKey({ name, hash: hashOf(key), expires });
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

interface Operation {
  readonly security?: object[];
  readonly responses: Record<string, { content?: Record<string, { examples?: object }> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { securitySchemes?: Record<string, object> };
}

const folder = mkdtempSync(join(tmpdir(), 'e2e-access-'));
let service: Service;
afterAll(() => rmSync(folder, { recursive: true }));

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(service.url + path, { headers });
}

/** The service of a group of tests. */
function serve(settings: Partial<Config>): void {
  beforeAll(async () => {
    service = await startService(settings);
  });
  afterAll(() => service.app.close());
}

function operations({ paths }: Document): [path: string, Operation][] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.values(item).map((operation): [string, Operation] => [path, operation]),
  );
}

describe('without settings', () => {
  serve({});

  test('anyone may call, and no answer mentions keys or limits', async () => {
    const response = await get(MODELS);
    expect(response.status).toBe(200);
    for (const name of ['www-authenticate', 'ratelimit-limit', 'access-control-allow-origin'])
      expect(response.headers.has(name)).toBe(false);
    const document = await json<Document>(await get('/docs-json'));
    expect(document.components.securitySchemes).toBeUndefined();
    for (const [, { security, responses }] of operations(document)) {
      expect(security).toBeUndefined();
      expect(Object.keys(responses)).not.toContain('401');
      expect(Object.keys(responses)).not.toContain('429');
    }
  });

  test('health does not mention what is not in use', async () => {
    const { details } = await json<{ details: object }>(await get('/-/healthz'));
    expect(Object.keys(details)).toEqual(['pack', 'runtime', 'inference', 'decoder']);
  });
});

describe('with keys', () => {
  serve({
    apiKeys: [line('ci', ci), line('web', web), line('intern', old, '2020-01-01')],
    corsOrigins: ['*'],
  });

  test('no key: 401 that says how to send one', async () => {
    const response = await get(MODELS);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="face-analysis"');
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 401, code: 'api_key_missing' });
    expect(problem.detail).toMatch(/Authorization: Bearer <key>.*X-API-Key/);
  });

  test.each([
    ['an unknown key', () => bearer(newApiKey())],
    ['the stored hash', () => bearer(hashOf(ci).toString('hex'))],
    ['half a key', () => bearer(ci.slice(0, 20))],
    ['an unknown key beside a good one', () => ({ ...bearer(newApiKey()), 'x-api-key': ci })],
  ])('%s: 401 that says it is unknown, not what was sent', async (_, headers) => {
    const response = await get(MODELS, headers());
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 401, code: 'api_key_invalid' });
    expect(problem.detail).toMatch(/not known: .* ask the operator/);
    expect(JSON.stringify(problem)).not.toContain('fas_');
  });

  test('another authentication scheme does not count as a key', async () => {
    const response = await get(MODELS, { authorization: `Basic ${btoa(`ci:${ci}`)}` });
    expect(await problemOf(response)).toMatchObject({ code: 'api_key_missing' });
  });

  test('an expired key: 401 that says when it expired', async () => {
    const problem = await problemOf(await get(MODELS, bearer(old)));
    expect(problem).toMatchObject({ status: 401, code: 'api_key_invalid' });
    expect(problem.detail).toContain('"intern" expired on 2020-01-01');
  });

  test.each([
    ['a bearer token', () => bearer(ci)],
    ['a scheme in small letters', () => ({ authorization: `bearer ${ci}` })],
    ['X-API-Key', () => ({ 'x-api-key': ci })],
    ['the other key', () => bearer(web)],
  ])('%s opens the API', async (_, headers) => {
    expect((await get(MODELS, headers())).status).toBe(200);
    const response = await fetch(service.url + DETECT, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', ...headers() },
      body: new Uint8Array(await blank()),
    });
    expect(await json(response)).toEqual({ faces: [] });
  });

  test.each(['/V1/MODELS', '/v1/models/', '/v1//models', '/docs/../v1/models', '/docsx', '/', '/metrics'])(
    '%s is no way around',
    async (path) => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        // Unlike fetch, this sends the path unchanged.
        request(service.url, { path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect([401, 404]).toContain(status);
      expect((await get(path)).status).not.toBe(200);
    },
  );

  test('a caller without a key is refused before it sends its body', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = request(
        service.url + DETECT,
        { method: 'POST', headers: { 'content-type': 'image/jpeg', 'content-length': 5_000_000 } },
        (response) => {
          resolve(response.statusCode);
          upload.destroy();
        },
      ).on('error', reject);
      upload.flushHeaders();
    });
    expect(status).toBe(401);
  });

  test('health needs no key, and says that keys are in use', async () => {
    for (const path of ['/-/livez', '/-/readyz', '/-/healthz']) expect((await get(path)).status).toBe(200);
    const health = await json(await get('/-/healthz'));
    expect(health).toMatchObject({ status: 'ok', details: { api_keys: { status: 'up' } } });
  });

  test('the documentation loads without a key, and has a field for one', async () => {
    const page = await get('/docs');
    expect(page.status).toBe(200);
    for (const [, path] of (await page.text()).matchAll(/(?:src|href)="([^"]+)"/g))
      expect((await fetch(new URL(path, page.url))).status).toBe(200);
    const document = await json<Document>(await get('/docs-json'));
    expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
    for (const [path, { security, responses }] of operations(document)) {
      const open = path.startsWith('/-/');
      expect([path, security]).toEqual([path, open ? undefined : [{ bearer: [] }, { api_key: [] }]]);
      const examples = responses['401']?.content?.['application/problem+json'].examples ?? {};
      expect(Object.keys(examples)).toEqual(open ? [] : ['api_key_missing', 'api_key_invalid']);
      expect(Object.keys(responses)).not.toContain('429');
    }
  });

  test('a preflight carries no key and needs none; a refusal can be read by the page', async () => {
    const headers = { origin: 'https://page.example', 'access-control-request-method': 'POST' };
    const preflight = await fetch(service.url + DETECT, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    const refused = await get(MODELS, { origin: 'https://page.example' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('the log names the key of a request that failed, and never shows it', async () => {
    const lines: string[] = [];
    const note = (...texts: unknown[]): void => void lines.push(texts.join(' '));
    const logger: LoggerService = { log: note, error: note, warn: note, debug: note, verbose: note };
    const loader = service.app.get(ImageLoader);
    const load = loader.load.bind(loader);
    loader.load = () => Promise.reject(new TypeError('a defect'));
    service.app.useLogger(logger);
    try {
      const headers = { 'content-type': 'image/jpeg', ...bearer(ci) };
      const response = await fetch(service.url + DETECT, { method: 'POST', headers, body: 'x' });
      expect(response.status).toBe(500);
      expect(lines.join('\n')).toContain(`POST ${DETECT} of ci failed`);
      expect(lines.join('\n')).not.toContain('fas_');
    } finally {
      loader.load = load;
      service.app.useLogger(false);
    }
  });
});

describe('with keys in a file', () => {
  const apiKeysFile = join(folder, 'keys');
  writeFileSync(apiKeysFile, line('ci', old));
  serve({ apiKeysFile });

  test('a rotation needs no restart, and a broken file changes nothing', async () => {
    const status = async (key: string): Promise<number> => (await get(MODELS, bearer(key))).status;
    expect(await status(old)).toBe(200);
    writeFileSync(apiKeysFile, `${line('ci', old)}\n${line('ci', ci)}\n`);
    await until(async () => (await status(ci)) === 200);
    expect(await status(old)).toBe(200);
    writeFileSync(apiKeysFile, line('ci', ci));
    await until(async () => (await status(old)) === 401);

    const health = async (): Promise<object> => json(await get('/-/healthz'));
    writeFileSync(apiKeysFile, 'oops');
    await until(async () => JSON.stringify(await health()).includes('degraded'));
    expect(await health()).toMatchObject({
      status: 'degraded',
      details: { api_keys: { status: 'degraded' } },
    });
    expect(await status(ci)).toBe(200);
    writeFileSync(apiKeysFile, line('ci', ci));
    await until(async () => !JSON.stringify(await health()).includes('degraded'));
  });
});

describe('with a rate limit', () => {
  const limit = { rateLimitRequests: 3, rateLimitWindowSeconds: 3_600 };

  describe('and no keys', () => {
    serve(limit);

    test('one request too many: 429 that says when to retry; health and documentation still answer', async () => {
      for (const remaining of ['2', '1', '0']) {
        const { status, headers } = await get(MODELS);
        expect(status).toBe(200);
        expect(headers.get('ratelimit-limit')).toBe('3');
        expect(headers.get('ratelimit-remaining')).toBe(remaining);
        expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(3_000);
      }
      const response = await postBytes(service, DETECT, await blank());
      const seconds = Number(response.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(3_000);
      expect(seconds).toBeLessThanOrEqual(3_600);
      const problem = await problemOf(response);
      expect(problem).toMatchObject({ status: 429, code: 'rate_limited', retry_after_seconds: seconds });
      expect(problem.detail).toMatch(/limit of 3 requests.* try again in \d+ s/);
      for (const path of ['/-/livez', '/-/healthz', '/docs', '/docs-json'])
        expect((await get(path)).status).toBe(200);
    });

    test('pretending to be a proxy does not help', async () => {
      expect((await get(MODELS, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(429);
    });

    test('the OpenAPI document has the response, and health says where requests are counted', async () => {
      for (const [path, { responses }] of operations(await json<Document>(await get('/docs-json')))) {
        const examples = responses['429']?.content?.['application/problem+json'].examples ?? {};
        expect(Object.keys(examples)).toEqual(path.startsWith('/v1/') ? ['rate_limited'] : []);
      }
      const health = await json(await get('/-/healthz'));
      expect(health).toMatchObject({ details: { rate_limit: { status: 'up', counted: 'here' } } });
    });
  });

  describe('and a short window', () => {
    serve({ rateLimitRequests: 1, rateLimitWindowSeconds: 1 });

    test('the next window allows requests again', async () => {
      await until(async () => (await get(MODELS)).status === 429);
      await until(async () => (await get(MODELS)).status === 200);
    });
  });

  describe('and keys', () => {
    serve({ ...limit, apiKeys: [line('ci', ci), line('ci', old), line('web', web)] });

    test('each name has its own count, and wrong keys count towards their address', async () => {
      const statuses = async (...keys: string[]): Promise<number[]> => {
        const list: number[] = [];
        for (const key of keys) list.push((await get(MODELS, bearer(key))).status);
        return list;
      };
      // The old and the new key of a rotation count as one caller.
      expect(await statuses(ci, old, ci, old, ci)).toEqual([200, 200, 200, 429, 429]);
      const guesses = Array.from({ length: 4 }, newApiKey);
      expect(await statuses(...guesses)).toEqual([401, 401, 401, 429]);
      expect(await statuses(web, web, web, web)).toEqual([200, 200, 200, 429]);
    });
  });

  describe('and a trusted proxy', () => {
    serve({ ...limit, trustedProxies: ['loopback'] });

    test('callers are distinguished by the address that the proxy saw, not by one that they claim', async () => {
      const from = async (...addresses: string[]): Promise<number> =>
        (await get(MODELS, { 'x-forwarded-for': addresses.join(', ') })).status;
      for (const expected of [200, 200, 200, 429]) expect(await from('192.0.2.1')).toBe(expected);
      expect(await from('192.0.2.2')).toBe(200);
      expect(await from('203.0.113.9', '192.0.2.1')).toBe(429);
      for (const [index, expected] of [200, 200, 200, 429].entries())
        expect(await from(`2001:db8:0:1::${index}`)).toBe(expected);
      expect(await from('2001:db8:0:2::1')).toBe(200);
      // Some proxies add the port. These are the same callers as before; new ones have their own count.
      expect(await from('192.0.2.1:4711')).toBe(429);
      expect(await from('[2001:db8:0:1::9]:443')).toBe(429);
      for (let port = 1; port <= 5; port++) expect(await from(`198.51.100.${port}:${port}`)).toBe(200);
      expect(await from('203.0.113.9', '198.51.100.77:4711', '127.0.0.1:80')).toBe(200);
    });
  });
});

describe('with origins', () => {
  serve({ corsOrigins: ['https://page.example', 'https://other.example'] });

  test('their pages may call and read the headers that matter; others may not', async () => {
    const good = await get(MODELS, { origin: 'https://page.example' });
    expect(good.headers.get('access-control-allow-origin')).toBe('https://page.example');
    expect(good.headers.get('vary')).toMatch(/Origin/);
    expect(good.headers.get('access-control-expose-headers')).toMatch(/X-Request-Id.*Retry-After/);
    for (const origin of [
      'https://evil.example',
      'http://page.example',
      'https://page.example.evil.example',
    ]) {
      const bad = await get(MODELS, { origin });
      expect(bad.headers.has('access-control-allow-origin')).toBe(false);
    }
  });
});

describe('with a management port', () => {
  serve({ managementPort: 0, host: '127.0.0.1', apiKeys: [line('ci', ci)] });

  test('it serves documentation and metrics, and the first port does not; both serve health', async () => {
    const management = `http://127.0.0.1:${service.app.get(ManagementServer).port}`;
    for (const path of [
      '/docs',
      '/DOCS',
      '/docs-json',
      '/docs-yaml',
      '/docs/swagger-ui-init.js',
      '/metrics',
    ]) {
      const problem = await problemOf(await get(path));
      expect(problem).toMatchObject({
        status: 404,
        code: 'not_found',
        detail: expect.stringMatching(/this port/) as string,
      });
    }
    for (const path of ['/docs', '/docs-json', '/docs-yaml', '/-/livez', '/-/healthz'])
      expect((await fetch(management + path)).status).toBe(200);
    // Whether or not metrics are enabled, no key is required.
    expect([200, 404]).toContain((await fetch(`${management}/metrics`)).status);
    expect((await get('/-/healthz')).status).toBe(200);
    // Requests sent from the documentation page come to this port, and need a key as well.
    expect((await fetch(management + MODELS)).status).toBe(401);
    expect((await fetch(management + MODELS, { headers: bearer(ci) })).status).toBe(200);
  });

  test('it closes with the service', async () => {
    const other = await startService({ managementPort: 0, host: '127.0.0.1' });
    const management = `http://127.0.0.1:${other.app.get(ManagementServer).port}/-/livez`;
    expect((await fetch(management)).status).toBe(200);
    await other.app.close();
    await expect(fetch(management)).rejects.toThrow();
  });
});

describe('with documentation and metrics switched off', () => {
  serve({ docsEnabled: false, metricsEnabled: false });

  test.each(['/docs', '/docs-json', '/docs-yaml', '/docs/swagger-ui.css', '/metrics'])(
    '%s is not there',
    async (path) => {
      expect(await problemOf(await get(path))).toMatchObject({ status: 404, code: 'not_found' });
    },
  );
});

describe('with short time-outs', () => {
  serve({ httpHeadersTimeoutMs: 500, httpReceiveTimeoutMs: 2_000, httpKeepAliveTimeoutMs: 500 });
  const sockets: Socket[] = [];
  afterAll(() => sockets.forEach((socket) => socket.destroy()));

  /** Sends the beginning of a request, then a byte from time to time. @returns what was received until the server closed */
  function drip(beginning: string, more: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.write(beginning));
      sockets.push(socket);
      let text = '';
      const timer = setInterval(() => socket.write(more), 100);
      socket.on('data', (chunk) => (text += chunk.toString()));
      // Writing to a connection that was closed.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(timer);
        resolve(text);
      });
    });
  }

  test('endless headers: 408, and the connection is closed', async () => {
    expect(await drip('GET /-/livez HTTP/1.1\r\nHost: x\r\n', 'X-Slow: 1\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('an endless body: the same', async () => {
    const head = `POST ${DETECT} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n`;
    expect(await drip(head, 'x')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('unused and idle connections are closed', async () => {
    await drip('', '');
    expect(await drip('GET /-/livez HTTP/1.1\r\nHost: x\r\n\r\n', '')).toMatch(/^HTTP\/1\.1 200 [^]*"ok"/);
  });
});
