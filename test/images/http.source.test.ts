/** Downloads against real servers on loopback addresses; nothing else is ever contacted. */
import { createServer } from 'node:net';
import { type RequestListener, type ServerResponse } from 'node:http';
import { type Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import { AddressPolicy } from '../../src/images/address-policy.js';
import { HttpSource, redirectTarget } from '../../src/images/sources/http.source.js';
import { configWith, LoopbackServer, patient, refusalOf } from './support.js';

const CAP = 100_000;
const picture = Buffer.alloc(50_000, 7);

/** What the allowed server answers, by path. */
const routes: Record<string, (response: ServerResponse, target: string) => void> = {
  '/picture': (response) => void response.end(picture),
  '/chunked': (response) => {
    response.write(picture.subarray(0, 9));
    setTimeout(() => response.end(picture.subarray(9)), 20);
  },
  '/empty': (response) => void response.end(),
  '/404': (response) => void response.writeHead(404).end('gone'),
  '/204': (response) => void response.writeHead(204).end(),
  '/gzip': (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(picture),
  '/announced': (response) => {
    response.writeHead(200, { 'content-length': CAP + 1 });
    response.write('x');
  },
  '/endless': (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
    };
    response.on('drain', more);
    more();
  },
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': picture.length });
    response.write(picture.subarray(0, 100));
    setTimeout(() => response.destroy(), 20);
  },
  '/silent': () => undefined,
  '/stall': (response) => void response.write('x'),
  '/drip': (response) => {
    const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write('x')), 10);
  },
  '/to': (response, target) => void response.writeHead(302, { location: target }).end(),
  '/loop': (response) => void response.writeHead(301, { location: '/loop' }).end(),
  '/nowhere': (response) => void response.writeHead(302).end(),
  '/hop3': (response) => void response.writeHead(307, { location: '/hop2' }).end('a body of no use'),
  '/hop2': (response) => void response.writeHead(308, { location: 'hop1' }).end(),
  '/hop1': (response) => void response.writeHead(303, { location: '/picture' }).end(),
};
const listener: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://server');
  routes[url.pathname]?.(response, url.searchParams.get('target') ?? '');
};

let server: LoopbackServer;
/** Listens where the policy forbids to go. */
let forbidden: LoopbackServer;
const sources: HttpSource[] = [];

function sourceWith(settings: Partial<Config> = {}): HttpSource {
  const config = configWith({
    urlAllowedAddresses: ['127.0.0.1'],
    imageMaxBytes: CAP,
    urlTimeoutMs: 2_000,
    ...settings,
  });
  const source = new HttpSource(config, new AddressPolicy(config));
  sources.push(source);
  return source;
}

const refusal = (url: string, settings?: Partial<Config>, signal = patient): Promise<AppError> =>
  refusalOf(() => sourceWith(settings).load(url, 'image_url', signal));

beforeAll(async () => {
  server = await LoopbackServer.start(listener);
  forbidden = await LoopbackServer.start(listener, '127.0.0.2');
});
afterEach(() => sources.splice(0).forEach((source) => source.onApplicationShutdown()));
afterAll(async () => {
  await server.stop();
  await forbidden.stop();
});

describe('downloads', () => {
  test.each(['/picture', '/chunked', '/hop3'])('%s', async (path) => {
    const bytes = await sourceWith().load(server.url(path), 'image_url', patient);
    expect(picture.equals(bytes)).toBe(true);
    await server.drained();
  });

  test('from a name that resolves to an allowed address', async () => {
    const url = `http://localhost:${server.port}/picture`;
    expect(await sourceWith().load(url, 'image_url', patient)).toHaveLength(picture.length);
  });

  test('an empty body as no bytes, for the decoder to refuse', async () => {
    expect(await sourceWith().load(server.url('/empty'), 'image_url', patient)).toHaveLength(0);
  });
});

describe('refuses without connecting', () => {
  test.each([
    ['a forbidden literal', () => forbidden.url('/picture')],
    ['another spelling of it', () => `http://0x7f000002:${forbidden.port}/picture`],
    ['its IPv6-mapped form', () => `http://[::ffff:127.0.0.2]:${forbidden.port}/picture`],
    ['a redirect to it', () => server.url(`/to?target=${encodeURIComponent(forbidden.url('/picture'))}`)],
    [
      'a redirect to the metadata service',
      () => server.url('/to?target=http://169.254.169.254/latest/meta-data'),
    ],
    ['a redirect to IPv6 loopback', () => server.url(`/to?target=http://[::1]:${forbidden.port}/`)],
    [
      'a redirect without a scheme to it',
      () => server.url(`/to?target=//127.0.0.2:${forbidden.port}/picture`),
    ],
  ])('%s', async (_, url) => {
    const before = forbidden.connections;
    expect((await refusal(url())).code).toBe('address_forbidden');
    expect(forbidden.connections).toBe(before);
    await server.drained();
  });

  test('a name that resolves to a forbidden address, also behind a redirect', async () => {
    const local = `http://localhost:${server.port}/picture`;
    expect((await refusal(local, { urlAllowedAddresses: [] })).code).toBe('address_forbidden');
    const behind = `http://127.0.0.2:${forbidden.port}/to?target=${local}`;
    const before = server.connections;
    expect((await refusal(behind, { urlAllowedAddresses: ['127.0.0.2'] })).code).toBe('address_forbidden');
    expect(server.connections).toBe(before);
  });
});

describe('fails with a reason', () => {
  test.each([
    ['/404', '404'],
    ['/204', '204'],
    ['/gzip', 'compressed'],
    ['/cut', 'broke off'],
    ['/loop', 'redirected more than 3 times'],
    ['/nowhere', 'without saying where'],
    ['/to?target=file:///etc/passwd', 'file:'],
    ['/to?target=ftp://127.0.0.1/x', 'ftp:'],
    ['/to?target=s3://bucket/key', 's3:'],
    ['/to?target=http://user:secret@127.0.0.1/', 'user name'],
  ])('%s: %s', async (path, reason) => {
    const error = await refusal(server.url(path));
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining(reason)]);
    expect(error.message).toContain('image_url');
    await server.drained();
  });

  test.each([
    ['not a url', 'not a valid URL'],
    ['/relative.jpg', 'not a valid URL'],
    ['http://', 'not a valid URL'],
    ['ftp://example.com/x', 'ftp:'],
    ['file:///etc/passwd', 'file:'],
    ['data:image/png;base64,AAAA', 'base64'],
    ['http://user:secret@127.0.0.1/?token=hidden', 'user name'],
    ['http://no-such-host.invalid/?token=hidden', 'could not be resolved'],
  ])('%s: %s', async (url, reason) => {
    const error = await refusal(url);
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining(reason)]);
    expect(error.message + JSON.stringify(error.details)).not.toMatch(/secret|hidden/);
  });

  test('a closed port, TLS where there is none, and a server that does not speak HTTP', async () => {
    const raw = createServer(
      (socket) =>
        void socket
          .on('error', () => undefined)
          .resume()
          .end('220 hello\r\n'),
    );
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const address = raw.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const garbled = await refusal(`http://127.0.0.1:${port}/`);
    await new Promise((resolve) => raw.close(resolve));
    expect(garbled.message).toContain('does not speak HTTP');
    expect((await refusal(`http://127.0.0.1:${port}/`)).message).toContain('refused the connection');
    expect((await refusal(server.url('/picture').replace('http:', 'https:'))).message).toContain(
      'no secure connection',
    );
  });

  test('a step down from https to http', async () => {
    const from = new URL('https://example.com/a');
    expect(redirectTarget(from, '/b', 'image_url').href).toBe('https://example.com/b');
    expect((await refusalOf(() => redirectTarget(from, 'http://example.com/b', 'image_url'))).code).toBe(
      'download_failed',
    );
  });
});

describe('keeps its limits and its sockets closed', () => {
  test.each(['/announced', '/endless'])('%s is too large', async (path) => {
    expect((await refusal(server.url(path))).code).toBe('image_too_large');
    await server.drained();
  });

  test.each(['/silent', '/stall', '/drip'])('%s ends at the deadline of the download', async (path) => {
    const started = performance.now();
    const error = await refusal(server.url(path), { urlTimeoutMs: 150 });
    expect([error.code, error.message]).toEqual([
      'download_failed',
      expect.stringContaining('longer than 150 ms'),
    ]);
    expect(performance.now() - started).toBeLessThan(1_500);
    await server.drained();
  });

  test.each(['/silent', '/stall'])('%s ends when the request does', async (path) => {
    const request = new AbortController();
    setTimeout(() => request.abort(), 60);
    expect((await refusal(server.url(path), {}, request.signal)).code).toBe('deadline_exceeded');
    await server.drained();
  });

  test('an ended request starts nothing, and its own reason is kept', async () => {
    const before = server.connections;
    const draining = AbortSignal.abort(new AppError('draining', 'stopping'));
    expect((await refusal(server.url('/picture'), {}, draining)).code).toBe('draining');
    expect(server.connections).toBe(before);
  });

  test('no redirect is followed when none is allowed', async () => {
    expect((await refusal(server.url('/hop1'), { urlMaxRedirects: 0 })).code).toBe('download_failed');
  });
});
