/** Downloads from real servers on loopback addresses. Nothing else is ever contacted. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { type RequestListener, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import { AddressPolicy } from '../../src/images/address-policy.js';
import { causesOf } from '../../src/images/sources/causes.js';
import { HttpSource, redirectTarget } from '../../src/images/sources/http.source.js';
import { configWith } from '../support/config.js';
import { LoopbackServer } from '../support/loopback-server.js';
import { patient, refusalOf } from '../support/refusals.js';

const CAP = 100_000;
/** Begins like a JPEG, and cannot be compressed. */
const picture = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), randomBytes(49_996)]);

const PACKERS: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  'deflate raw': deflateRawSync,
  br: brotliCompressSync,
};

/** The responses of the allowed server, by path. */
const routes: Record<string, (response: ServerResponse, target: string) => void> = {
  '/picture': (response) => void response.end(picture),
  '/chunked': (response) => {
    response.write(picture.subarray(0, 9));
    setTimeout(() => response.end(picture.subarray(9)), 20);
  },
  '/empty': (response) => void response.end(),
  '/404': (response) => void response.writeHead(404).end('gone'),
  '/204': (response) => void response.writeHead(204).end(),
  '/coded': (response, coding) => void response.writeHead(200, { 'content-encoding': coding }).end(picture),
  '/packed': (response, coding) => {
    const pack = PACKERS[coding] ?? ((): Buffer => randomBytes(500));
    const [name = ''] = coding.split(' ');
    response.writeHead(200, { 'content-encoding': name }).end(pack(picture));
  },
  '/bomb': (response, coding) => {
    const pack = PACKERS[coding] ?? gzipSync;
    response.writeHead(200, { 'content-encoding': coding }).end(pack(Buffer.alloc(20 * CAP)));
  },
  '/packed-cut': (response, coding) => {
    const packed = PACKERS[coding]?.(picture) ?? picture;
    response.writeHead(200, { 'content-encoding': coding }).end(packed.subarray(0, 20_000));
  },
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
/** A server at a forbidden address. */
let forbidden: LoopbackServer;
const sources: HttpSource[] = [];
const oddServers: LoopbackServer[] = [];

/** Starts a server that is stopped after the test. */
async function startOdd(answer: (socket: Socket, request: string) => void): Promise<LoopbackServer> {
  const odd = await LoopbackServer.startRaw(answer);
  oddServers.push(odd);
  return odd;
}

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
afterEach(async () => {
  sources.splice(0).forEach((source) => source.onApplicationShutdown());
  for (const odd of oddServers.splice(0)) await odd.stop();
});
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

describe('reads the bytes, whatever their Content-Encoding says', () => {
  test.each([
    '',
    'identity',
    'aws-chunked',
    'binary',
    'utf-8',
    'none',
    'x-unknown',
    'gzip',
    'deflate',
    'br',
    'zstd',
    'gzip, br',
  ])('plain, labelled "%s"', async (coding) => {
    const url = server.url(`/coded?target=${encodeURIComponent(coding)}`);
    expect(picture.equals(await sourceWith().load(url, 'image_url', patient))).toBe(true);
    await server.drained();
  });

  test.each(Object.keys(PACKERS))('packed as %s', async (coding) => {
    const url = server.url(`/packed?target=${coding}`);
    expect(picture.equals(await sourceWith().load(url, 'image_url', patient))).toBe(true);
    await server.drained();
  });

  test.each(['gzip', 'deflate', 'br'])('a bomb of %s is too large', async (coding) => {
    expect((await refusal(server.url(`/bomb?target=${coding}`))).code).toBe('image_too_large');
    await server.drained();
  });
});

describe('follows a Location', () => {
  test.each([
    ['in raw UTF-8', '/фото', '/%D1%84%D0%BE%D1%82%D0%BE'],
    ['in raw UTF-8 without a path', '?name=фото', '/start?name=%D1%84%D0%BE%D1%82%D0%BE'],
    ['in Latin-1', '/\xe9', '/%C3%A9'],
    ['with blanks around and in it', ' \t/a b \t', '/a%20b'],
    ['with a fragment', '/a#top', '/a'],
    ['with backslashes', '\\a', '/a'],
    ['of the same host without a scheme', '//127.0.0.1:PORT/a', '/a'],
  ])('%s', async (_, location, path) => {
    const seen: string[] = [];
    const moved = await startOdd((socket, request) => {
      const [, target = ''] = request.split(' ');
      seen.push(target);
      if (target !== '/start') return void socket.end(answer());
      const bytes = Buffer.from(
        location.replace('PORT', String(moved.port)),
        location === '/\xe9' ? 'latin1' : 'utf8',
      );
      socket.write('HTTP/1.1 302 Found\r\nLocation: ');
      socket.end(Buffer.concat([bytes, Buffer.from('\r\nContent-Length: 0\r\n\r\n')]));
    });
    const bytes = await sourceWith().load(moved.url('/start'), 'image_url', patient);
    expect([bytes.length, seen]).toEqual([picture.length, ['/start', path]]);
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

test('hidden and missing names get the same answer', async () => {
  const hidden = await refusal(`http://localhost:${server.port}/?token=hidden`, {
    urlAllowedAddresses: ['127.0.0.9'],
  });
  const missing = await refusal('http://no-such-host.invalid/?token=hidden');
  expect([hidden.code, hidden.message, hidden.details]).toEqual([
    missing.code,
    missing.message,
    missing.details,
  ]);
  expect(hidden.message).toContain('does not resolve to a public address');
  // The log tells the operator which one it was.
  expect(causesOf(hidden.cause)).toEqual([expect.stringMatching(/ADDRESS_FORBIDDEN (127\.0\.0\.1|::1)$/)]);
  expect(causesOf(missing.cause)).toEqual([
    expect.stringMatching(/(ENOTFOUND|EAI_AGAIN) .*no-such-host\.invalid$/),
  ]);
});

describe('fails with a reason', () => {
  test.each([
    ['/404', '404'],
    ['/204', '204'],
    ['/packed?target=zstd', 'content encoding (zstd) is not supported'],
    ['/packed?target=gzip,br', 'content encoding (gzip, br) is not supported'],
    ['/packed-cut?target=gzip', 'cut off'],
    ['/packed-cut?target=deflate', 'cut off'],
    ['/packed-cut?target=br', 'cut off'],
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
    ['https://[::1', 'not a valid URL'],
    ['http://a b/', 'not a valid URL'],
    ['http://127.0.0.1:99999/', 'not a valid URL'],
    ['http://exa%mple.com/', 'not a valid URL'],
    ['http://256.256.256.256/', 'not a valid URL'],
  ])('%s: %s', async (url, reason) => {
    const error = await refusal(url);
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining(reason)]);
    expect(error.message + JSON.stringify(error.details)).not.toMatch(/secret|hidden/);
  });

  test('a closed port, https to a server without TLS, and a server that does not speak HTTP', async () => {
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

  test('a downgrade from https to http', async () => {
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

  test.each(['/silent', '/stall', '/drip'])(
    '%s never ends, but its download does at the deadline',
    async (path) => {
      const error = await refusal(server.url(path), { urlTimeoutMs: 150 });
      expect([error.code, error.message]).toEqual([
        'download_failed',
        expect.stringContaining('longer than 150 ms'),
      ]);
      await server.drained();
    },
  );

  test.each(['/silent', '/stall'])('%s ends when the request does', async (path) => {
    const request = new AbortController();
    setTimeout(() => request.abort(), 60);
    expect((await refusal(server.url(path), {}, request.signal)).code).toBe('deadline_exceeded');
    await server.drained();
  });

  test('a request that has ended starts nothing, and its own reason is kept', async () => {
    const before = server.connections;
    const ended = AbortSignal.abort(new AppError('overloaded', 'The service stops.'));
    expect((await refusal(server.url('/picture'), {}, ended)).code).toBe('overloaded');
    expect(server.connections).toBe(before);
  });

  test('no redirect is followed when none is allowed', async () => {
    expect((await refusal(server.url('/hop1'), { urlMaxRedirects: 0 })).code).toBe('download_failed');
  });
});

/** A complete response with the picture. */
function answer(body: Buffer = picture): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
}

/** Writes the same data repeatedly for as long as the other side reads it. */
function flood(socket: Socket, start: string, again: string): void {
  const block = Buffer.from(again.repeat(Math.ceil(32_768 / again.length)), 'latin1');
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.write(start);
  socket.on('drain', more);
  more();
}

function drip(socket: Socket, start: string, again: string): void {
  socket.write(start);
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(again)), 5);
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

describe('a misbehaving server', () => {
  test.each<[string, string, (socket: Socket) => void]>([
    [
      'switches to another protocol',
      'another protocol',
      (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
    [
      'switches without saying to what',
      'status 101',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    ],
    [
      'switches and goes on talking',
      'another protocol',
      (socket) =>
        flood(socket, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 'x'),
    ],
    [
      'sends interim responses without end',
      'too much protocol data',
      (socket) => flood(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
    ],
    [
      'says to continue without end',
      'too much protocol data',
      (socket) => flood(socket, '', 'HTTP/1.1 100 Continue\r\n\r\n'),
    ],
    ['closes without a response', 'broke off', (socket) => socket.end()],
    ['resets the connection', 'broke off', (socket) => socket.resetAndDestroy()],
    ['closes in the middle of the headers', 'broke off', (socket) => socket.end(`${OK}Content-Le`)],
    ['closes in the middle of a chunk', 'broke off', (socket) => socket.end(`${CHUNKED}400\r\nabc`)],
    ['sends headers without end', 'HTTP', (socket) => flood(socket, OK, 'X-A: b\r\n')],
    ['sends one header without end', 'HTTP', (socket) => flood(socket, `${OK}X: `, 'x')],
    ['drips headers', 'longer than', (socket) => drip(socket, OK, 'X: y\r\n')],
    [
      'drips interim responses',
      'too much protocol data',
      (socket) => drip(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n'),
    ],
    ['drips a body', 'longer than', (socket) => drip(socket, `${OK}Content-Length: 90000\r\n\r\n`, 'x')],
    ['speaks HTTP/0.9', 'HTTP', (socket) => socket.end('<html>')],
    ['speaks HTTP/2', 'HTTP', (socket) => socket.write('\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64')],
    [
      'says two lengths',
      'HTTP',
      (socket) => socket.write(`${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`),
    ],
    [
      'says a length and chunks',
      'HTTP',
      (socket) =>
        socket.write(`${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`),
    ],
    ['says a negative length', 'HTTP', (socket) => socket.write(`${OK}Content-Length: -5\r\n\r\nabc`)],
    [
      'says a chunk of more than there is',
      'HTTP',
      (socket) => socket.write(`${CHUNKED}fffffffffffffffffff\r\nabc`),
    ],
    ['extends a chunk header without end', 'HTTP', (socket) => flood(socket, `${CHUNKED}1`, ';a=b')],
    [
      'extends every chunk header',
      'too much protocol data',
      (socket) => flood(socket, CHUNKED, `1;${'e'.repeat(9_000)}\r\nx\r\n`),
    ],
    [
      'sends trailers without end',
      'HTTP',
      (socket) => flood(socket, `${CHUNKED}1\r\nx\r\n0\r\n`, 'X-A: b\r\n'),
    ],
    [
      'redirects with a body without end',
      'redirected more',
      (socket) =>
        flood(socket, 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 99999999999\r\n\r\n', 'x'),
    ],
    [
      'refuses with a body without end',
      'status 500',
      (socket) => flood(socket, 'HTTP/1.1 500 No\r\n\r\n', 'x'),
    ],
  ])('that %s is detected: %s', async (_, reason, write) => {
    const odd = await startOdd(write);
    const error = await refusal(odd.url(), { urlTimeoutMs: 700 });
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining(reason)]);
    await odd.drained();
  });

  test.each<[string, Buffer]>([
    [
      'a hint and leave to continue before',
      Buffer.concat([
        Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
        answer(),
      ]),
    ],
    ['bytes after the end', Buffer.concat([answer(), Buffer.alloc(1_000_000)])],
    ['another response after the end', Buffer.concat([answer(), answer(Buffer.from('other'))])],
    [
      'single bytes in chunks',
      Buffer.concat([
        Buffer.from(CHUNKED),
        ...Array.from(picture, (byte) => Buffer.from(`1\r\n${String.fromCharCode(byte)}\r\n`, 'latin1')),
        Buffer.from('0\r\n\r\n'),
      ]),
    ],
  ])('%s: the picture is read', async (_, bytes) => {
    const odd = await startOdd((socket) => socket.end(bytes));
    // A small picture may have four bytes of framing per byte of its body.
    expect(picture.equals(await sourceWith().load(odd.url(), 'image_url', patient))).toBe(true);
    await odd.drained();
  });
});

describe('counts bytes as they arrive', () => {
  test('all of a picture, and not much more', async () => {
    let counted = 0;
    await sourceWith().load(server.url('/chunked'), 'image_url', patient, {
      add: (bytes) => (counted += bytes),
    });
    expect(counted).toBeGreaterThanOrEqual(picture.length);
    expect(counted).toBeLessThanOrEqual(CAP);
  });

  test('announced bytes do not count before they arrive', async () => {
    let counted = 0;
    const late = await startOdd((socket) => socket.write(`${OK}Content-Length: ${CAP}\r\n\r\nabc`));
    const error = await refusalOf(() =>
      sourceWith({ urlTimeoutMs: 200 }).load(late.url(), 'image_url', patient, {
        add: (bytes) => (counted += bytes),
      }),
    );
    expect(error.message).toContain('longer than 200 ms');
    expect(counted).toBeLessThanOrEqual(65_536);
  });

  test('where there is no room the download ends', async () => {
    const full = new AppError('overloaded', 'full');
    const error = await refusalOf(() =>
      sourceWith().load(server.url('/endless'), 'image_url', patient, {
        add: () => {
          throw full;
        },
      }),
    );
    expect(error).toBe(full);
    await server.drained();
  });
});
