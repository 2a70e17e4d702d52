/** Misbehaviour of web servers and S3 stores, byte by byte: every way a download can fail, be slow, be too large or look odd. */
import { gzipSync } from 'node:zlib';
import type { Random } from '../../bench/simulate/random.js';
import { bytes, integer, pick } from '../core/draw.js';
import type { Step } from '../core/exchange.js';
import type { Idea } from '../core/suite.js';

/** What the other side does with each connection, and what the service must answer. */
export interface Misbehaviour {
  /** `http`: the URL of the picture leads to it; `s3`: it is the S3 store. */
  readonly via: 'http' | 's3';
  readonly reply: readonly Step[];
  /** Number of simultaneous requests. Default: 1. */
  readonly together?: number;
  readonly allowed?: readonly number[];
  /** Whether the connection stays open after the reply. */
  readonly open?: boolean;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n';
const MUCH = 'x'.repeat(65_536);

function http(reply: readonly Step[] | string, more: Partial<Misbehaviour> = {}): Misbehaviour {
  return { via: 'http', reply: typeof reply === 'string' ? [{ text: reply }] : reply, ...more };
}

/** An error response of a store. */
function s3Error(status: number, code: string, more = ''): Step[] {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>m</Message>${more}<RequestId>1</RequestId></Error>`;
  return [
    {
      text: `HTTP/1.1 ${status} X\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    },
  ];
}

const s3 = (reply: readonly Step[], more: Partial<Misbehaviour> = {}): Misbehaviour => ({
  via: 's3',
  reply,
  ...more,
});

const S3_CODES: readonly (readonly [number, string, readonly number[]])[] = [
  [403, 'AccessDenied', [400, 404]],
  [403, 'SignatureDoesNotMatch', [400]],
  [403, 'InvalidAccessKeyId', [400]],
  [403, 'RequestTimeTooSkewed', [400]],
  [400, 'ExpiredToken', [400]],
  [404, 'NoSuchKey', [404]],
  [404, 'NoSuchBucket', [404]],
  [301, 'PermanentRedirect', [400]],
  [307, 'TemporaryRedirect', [400]],
  [400, 'InvalidArgument', [400]],
  [403, 'InvalidObjectState', [400]],
  [500, 'InternalError', [400, 504]],
  [503, 'SlowDown', [400, 503, 504]],
  [200, 'InternalError', [400]],
];

const heads = (picture: Buffer, more = ''): Step[] => [
  { text: `${OK}${more}Content-Length: ${picture.length}\r\n\r\n` },
  { base64: picture.toString('base64') },
];

/** Faults of both kinds of server. */
function common(via: Misbehaviour['via'], picture: Buffer): Idea<Misbehaviour>[] {
  const made: Readonly<Record<string, (random: Random) => Omit<Misbehaviour, 'via'>>> = {
    'closes at once': () => ({ reply: [{ end: true }] }),
    'says nothing': () => ({ reply: [{ waitMs: 20_000 }], open: true }),
    'status 101 to any request': (random) => ({
      reply: [
        {
          text: `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${pick(random, ['websocket', 'h2c', 'x'])}\r\n\r\n`,
        },
      ],
      open: true,
    }),
    '1xx without end': (random) => ({
      reply: [
        { text: `HTTP/1.1 ${pick(random, [100, 102, 103, 199])} X\r\nLink: </x>\r\n\r\n`, times: 2_000_000 },
      ],
      open: true,
    }),
    'headers without end': (random) => ({
      reply: [
        { text: OK },
        { text: pick(random, ['A: b\r\n', `A: ${'b'.repeat(900)}\r\n`, 'A']), times: 3_000_000 },
      ],
    }),
    'a head byte by byte': () => ({
      reply: [...OK].flatMap((text) => [{ text }, { waitMs: 100 }]),
      open: true,
    }),
    'stalls after 10.4 MB, many at a time': () => ({
      reply: [
        { text: `${OK}Content-Length: 10485760\r\n\r\n` },
        { text: 'x'.repeat(65_000), times: 160 },
        { waitMs: 20_000 },
      ],
      together: 60,
      open: true,
    }),
    'stalls in its body': (random) => ({
      reply: [
        { text: `${OK}Content-Length: ${picture.length}\r\n\r\n` },
        { base64: picture.subarray(0, integer(random, 0, picture.length - 1)).toString('base64') },
      ],
      open: true,
    }),
    'drips its body': () => ({
      reply: [
        { text: `${OK}Content-Length: 9999\r\n\r\n` },
        ...Array.from({ length: 100 }, () => [{ text: 'x' }, { waitMs: 100 }]).flat(),
      ],
      open: true,
    }),
    'a body without end': (random) => ({
      reply: [{ text: `${OK}\r\n` }, { text: MUCH, times: 5_000 }],
      together: pick(random, [1, 12]),
    }),
    'chunks without end': () => ({
      reply: [
        { text: `${OK}Transfer-Encoding: chunked\r\n\r\n` },
        { text: `10000\r\n${MUCH}\r\n`, times: 5_000 },
      ],
    }),
    'chunks of one byte': () => ({
      reply: [{ text: `${OK}Transfer-Encoding: chunked\r\n\r\n` }, { text: '1\r\nx\r\n', times: 3_000_000 }],
    }),
    'chunk extensions without end': () => ({
      reply: [{ text: `${OK}Transfer-Encoding: chunked\r\n\r\n1;` }, { text: 'a=b;', times: 3_000_000 }],
    }),
    'chunk sizes that lie': (random) => ({
      reply: [
        {
          text: `${OK}Transfer-Encoding: chunked\r\n\r\n${pick(random, ['-1', 'g', 'ffffffffffffffffff', ''])}\r\nx\r\n0\r\n\r\n`,
        },
        { end: true },
      ],
    }),
    'an error with a body without end': (random) => ({
      reply: [
        {
          text: `HTTP/1.1 ${pick(random, [400, 403, 404, 500, 503])} X\r\nContent-Type: application/xml\r\n\r\n<?xml version="1.0"?><Error><Code>`,
        },
        { text: MUCH, times: 40_000 },
      ],
      together: pick(random, [1, 4]),
    }),
    'announces too much': (random) => ({
      reply: [
        {
          text: `${OK}Content-Length: ${pick(random, ['10485761', '100000000000', '99999999999999999999'])}\r\n\r\n`,
        },
      ],
      open: true,
    }),
    'an invalid length': (random) => ({
      reply: [
        { text: `${OK}Content-Length: ${pick(random, ['-1', 'x', '', '5, 6', '1e3'])}\r\n\r\nhello` },
        { end: true },
      ],
    }),
    'less than it announced': () => ({
      reply: [
        { text: `${OK}Content-Length: ${picture.length + 9}\r\n\r\n` },
        { base64: picture.toString('base64') },
        { end: true },
      ],
    }),
    'more than it announced': () => ({
      reply: [...heads(picture), { text: 'HTTP/1.1 200 OK\r\n\r\n' }, { end: true }],
      allowed: [200, 400],
    }),
    'an empty body': (random) => ({
      reply: [
        {
          text: pick(random, [
            `${OK}Content-Length: 0\r\n\r\n`,
            'HTTP/1.1 204 No Content\r\n\r\n',
            'HTTP/1.1 304 Not Modified\r\n\r\n',
            'HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n',
          ]),
        },
        { end: true },
      ],
      allowed: [400],
    }),
    'an invalid status': (random) => ({
      reply: [
        {
          text: `HTTP/1.1 ${pick(random, ['000', '42', '999', 'abc', '-200', '600'])} X\r\nContent-Length: 1\r\n\r\nx`,
        },
        { end: true },
      ],
    }),
    'any status': (random) => ({
      reply: [
        {
          text: `HTTP/1.1 ${integer(random, 200, 599)} X\r\nContent-Length: 1\r\nRetry-After: 1\r\nWWW-Authenticate: Basic\r\n\r\nx`,
        },
        { end: true },
      ],
    }),
    'any bytes': (random) => ({
      reply: [{ base64: bytes(random, integer(random, 1, 5_000)).toString('base64') }, { end: true }],
    }),
    'no HTTP': (random) => ({
      reply: [
        {
          text: pick(random, [
            'SSH-2.0-OpenSSH\r\n',
            '220 ftp\r\n',
            '\x15\x03\x01\0\x02\x02\x28',
            '-ERR unknown command\r\n',
            '<html>',
            'HTTP/0.9 200\r\n\r\n',
            'HTTP/2 200\r\n\r\n',
          ]),
        },
        { end: true },
      ],
    }),
    'line feeds alone': () => ({
      reply: [
        { text: `HTTP/1.1 200 OK\nContent-Length: ${picture.length}\n\n` },
        { base64: picture.toString('base64') },
        { end: true },
      ],
    }),
    'a page': () => ({
      reply: [
        { text: 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>' },
      ],
      allowed: [400],
    }),
    'a valid picture': () => ({ reply: heads(picture), allowed: [200] }),
    'a valid picture, slowly': () => ({ reply: [{ waitMs: 300 }, ...heads(picture)], allowed: [200] }),
    'a valid picture without a length': () => ({
      reply: [
        { text: `${OK}Connection: close\r\n\r\n` },
        { base64: picture.toString('base64') },
        { end: true },
      ],
      allowed: [200],
    }),
    'a valid picture, an odd encoding': (random) => ({
      reply: heads(
        picture,
        `Content-Encoding: ${pick(random, ['', 'identity', 'aws-chunked', 'utf-8', 'binary', 'none', 'x'])}\r\n`,
      ),
      allowed: [200],
    }),
    'a valid picture in gzip': () => ({
      reply: heads(gzipSync(picture), 'Content-Encoding: gzip\r\n'),
      allowed: [200, 400],
    }),
    'a gzip bomb': () => ({
      reply: heads(gzipSync(Buffer.alloc(300_000_000)), 'Content-Encoding: gzip\r\n'),
    }),
    'an encoding that lies': (random) => ({
      reply: heads(picture, `Content-Encoding: ${pick(random, ['gzip', 'br', 'deflate'])}\r\n`),
      allowed: [200, 400],
    }),
    'a trailer without end': () => ({
      reply: [
        { text: `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n` },
        { text: 'A: b\r\n', times: 2_000_000 },
      ],
    }),
  };
  return Object.entries(made).map(([title, make]) => ({
    title: `${via}: ${title}`,
    make: (random) => ({ via, ...make(random) }),
  }));
}

/** All ideas for downloads. @param picture a valid one @param here the address of the misbehaving server, `127.0.0.1:port` */
export function downloadIdeas(picture: Buffer, here: string): Idea<Misbehaviour>[] {
  const redirect = (status: number, location: string): string =>
    `HTTP/1.1 ${status} X\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
  return [
    ...common('http', picture),
    ...common('s3', picture),
    {
      title: 'http: redirects in a circle',
      make: (random) =>
        http(redirect(pick(random, [301, 302, 303, 307, 308]), `http://${here}/again`), { allowed: [400] }),
    },
    {
      title: 'http: redirects to invalid URLs',
      weight: 2,
      make: (random) =>
        http(
          redirect(
            302,
            pick(random, [
              '',
              ' ',
              'http://',
              'http://[::1',
              '//',
              'file:///etc/passwd',
              'ftp://x/',
              'data:image/png;base64,AAAA',
              'javascript:1',
              'gopher://x',
              's3://bucket/key',
              'http://user:pw@127.0.0.1/',
              'x'.repeat(15_000),
              'http://\0/',
              '\xff',
            ]),
          ),
          { allowed: [400] },
        ),
    },
    {
      title: 'http: a redirect in raw UTF-8',
      make: () =>
        http(redirect(302, `http://${here}/valid-${Buffer.from('é').toString('latin1')}`), {
          allowed: [200],
        }),
    },
    {
      title: 'http: a redirect with a body without end',
      make: () =>
        http(
          [
            { text: `HTTP/1.1 302 X\r\nLocation: http://${here}/valid\r\n\r\n` },
            { text: MUCH, times: 5_000 },
          ],
          { allowed: [200] },
        ),
    },
    {
      title: 'http: a redirect without Location',
      make: () => http('HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n', { allowed: [400] }),
    },
    ...S3_CODES.map(([status, code, allowed]) => ({
      title: `s3: ${status} ${code}`,
      weight: 0.5,
      make: () => s3(s3Error(status, code), { allowed }),
    })),
    {
      title: 's3: an error that is not XML, or nested too deeply',
      make: (random) => {
        const body = pick(random, [
          '',
          'x',
          '<',
          '<Error>',
          '<Error/>',
          '<!DOCTYPE a [<!ENTITY x "y">]><Error><Code>&x;</Code></Error>',
          '<a>'.repeat(50_000),
          `<Error><Code>${'x'.repeat(100_000)}</Code></Error>`,
          '<Error><Code>__proto__</Code></Error>',
          '<Error>\xff</Error>',
          '{"x":1}',
          '<Error><Code><a/></Code></Error>',
          '&#x0;',
        ]);
        return s3([
          {
            text: `HTTP/1.1 ${pick(random, [400, 403, 404, 500])} X\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          },
        ]);
      },
    },
  ];
}
