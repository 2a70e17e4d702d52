/** HTTP/1.1 framing (RFC 9112): false lengths, chunks, versions, pipelines and upgrades. */
import type { Random } from '../../bench/simulate/random.js';
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import { DETECT, head } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import { broken, type CraftedRequest } from './request-case.js';

const TARGETS = [DETECT, '/-/livez', '/no/such/route', '/metrics'];
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** A request from arbitrary bytes. */
function raw(text: string, more: Partial<CraftedRequest> = {}): CraftedRequest {
  return broken([{ text }], more);
}

function chunkedHead(random: Random): ReturnType<typeof head> {
  return head('POST', pick(random, TARGETS), { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' });
}

export const FRAMING_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'framing: 100 GB announced and sent',
    weight: 0.3,
    make: (random) => ({
      steps: [
        head('POST', pick(random, TARGETS), {
          'Content-Type': 'image/jpeg',
          'Content-Length': 100_000_000_000,
        }),
        { text: 'x'.repeat(65_536), times: 3_000 },
      ],
      // An unknown route is refused before its length is checked, and livez takes no body.
      allowed: [413, 404, 415],
      bystander: true,
    }),
  },
  {
    title: 'framing: invalid lengths',
    weight: 3,
    make: (random) => {
      const length = pick(random, [
        '-1',
        '1e3',
        '+5',
        '0x5',
        '5 5',
        '',
        ' ',
        '5,5',
        '99999999999999999999999',
        '18446744073709551616',
        '1.5',
        'NaN',
        '٥',
        '5;',
        '\t5',
      ]);
      return raw(
        `POST ${pick(random, TARGETS)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\nhello`,
      );
    },
  },
  {
    title: 'framing: two lengths',
    make: (random) => {
      const second = pick(random, [
        'Content-Length: 6',
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'content-length : 5',
        'Content-Length\0: 7',
      ]);
      return raw(
        `POST ${pick(random, TARGETS)} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n${second}\r\n\r\n0\r\n\r\nGET /-/livez HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
    },
  },
  {
    title: 'framing: invalid transfer encodings',
    make: (random) => {
      const encoding = pick(random, [
        'chunked, chunked',
        'gzip, chunked',
        'identity',
        'chunked, identity',
        ' chunked',
        'xchunked',
        'CHUNKED',
        'chunked;x',
        '\x0bchunked',
        'gzip',
      ]);
      return raw(
        `POST ${pick(random, TARGETS)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ${encoding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      );
    },
  },
  {
    title: 'framing: chunks with huge extensions',
    make: (random) =>
      broken(
        [
          chunkedHead(random),
          { text: '2;' },
          { text: 'a=b;', times: integer(random, 1, 2_000_000) },
          { text: '\r\n{}\r\n0\r\n\r\n' },
        ],
        { bystander: true, leaveAfterMs: 2_000 },
      ),
  },
  {
    title: 'framing: chunk extensions by the million',
    make: (random) =>
      broken(
        [
          chunkedHead(random),
          { text: '1;a=b\r\n \r\n', times: pick(random, [100, 500_000]) },
          { text: '2\r\n{}\r\n0\r\n\r\n' },
        ],
        { bystander: true, leaveAfterMs: 3_000 },
      ),
  },
  {
    title: 'framing: chunks of one byte',
    make: (random) => ({
      steps: [
        chunkedHead(random),
        { text: '1\r\n \r\n', times: pick(random, [10, 1_000_000]) },
        { text: '2\r\n{}\r\n0\r\n\r\n' },
      ],
      bystander: true,
    }),
  },
  {
    title: 'framing: chunks without end',
    make: (random) => ({
      steps: [chunkedHead(random), { text: `10000\r\n${' '.repeat(65_536)}\r\n`, times: 3_000 }],
      bystander: true,
      connections: pick(random, [1, 4]),
    }),
  },
  {
    title: 'framing: false chunk sizes',
    weight: 3,
    make: (random) => {
      const size = pick(random, [
        '-1',
        'ffffffffffffffff',
        '10000000000000000',
        'g',
        '',
        ' 2',
        '0x2',
        '2 ',
        '00000000000000000000002',
        '7fffffff',
        edge(random, 32).toString(16),
      ]);
      return broken([chunkedHead(random), { text: `${size}\r\n{}\r\n0\r\n\r\n` }]);
    },
  },
  {
    title: 'framing: trailers',
    make: (random) =>
      broken(
        [
          chunkedHead(random),
          { text: '2\r\n{}\r\n0\r\n' },
          {
            text: pick(random, ['X-A: b\r\n', 'Content-Length: 5\r\n', `X: ${'y'.repeat(900)}\r\n`]),
            times: pick(random, [1, 50, 100_000]),
          },
          { text: '\r\n' },
        ],
        { bystander: true },
      ),
  },
  {
    title: 'framing: Expect',
    make: (random) => {
      const expect = pick(random, [
        '100-continue',
        '100-Continue',
        '200-ok',
        '',
        'x',
        '100-continue, 100-continue',
      ]);
      const steps = [
        head('POST', pick(random, TARGETS), { ...JSON_TYPE, 'Content-Length': 2, Expect: expect }),
        { waitMs: 50 },
        { text: '{}' },
      ];
      return { steps };
    },
  },
  {
    title: 'framing: Expect without a body',
    weight: 0.3,
    make: () =>
      broken([head('POST', DETECT, { ...JSON_TYPE, 'Content-Length': 60_000_000, Expect: '100-continue' })], {
        connections: 30,
        leaveAfterMs: 3_000,
        bystander: true,
      }),
  },
  {
    title: 'framing: versions',
    weight: 2,
    make: (random) => {
      const version = pick(random, [
        'HTTP/1.0',
        'HTTP/0.9',
        'HTTP/2.0',
        'HTTP/1.2',
        'HTTP/9.9',
        'http/1.1',
        'HTTP/1.1 ',
        'HTTPS/1.1',
        '',
        'HTTP/11',
        'ICE/1.0',
      ]);
      return raw(`GET /-/livez ${version}\r\nHost: x\r\n\r\n`);
    },
  },
  {
    title: 'framing: HTTP/1.0 is answered',
    make: () => ({ steps: [{ text: 'GET /-/livez HTTP/1.0\r\n\r\n' }], allowed: [200] }),
  },
  {
    title: 'framing: an HTTP/2 preface',
    make: () => raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
  },
  {
    title: 'framing: a TLS greeting',
    make: (random) => raw(`\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${bytes(random, 200).toString('latin1')}`),
  },
  {
    title: 'framing: a pipeline',
    make: (random) => {
      const answers = integer(random, 2, 100);
      const target = pick(random, ['/-/livez', '/v1/models', '/no/such/route', '/docs-json']);
      return { steps: [{ text: `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`, times: answers }], answers };
    },
  },
  {
    title: 'framing: a pipeline of POSTs',
    make: (random) => {
      const answers = integer(random, 2, 60);
      const body = '{"image_base64":"AAAA"}';
      return {
        steps: [
          {
            text: `POST ${DETECT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
            times: answers,
          },
        ],
        answers,
      };
    },
  },
  {
    title: 'framing: a pipeline whose answers are not read',
    weight: 0.3,
    make: () =>
      broken([{ text: 'GET /docs-json HTTP/1.1\r\nHost: x\r\n\r\n', times: 3_000 }], {
        deaf: true,
        leaveAfterMs: 1_500,
        bystander: true,
      }),
  },
  {
    title: 'framing: upgrades',
    make: (random) => {
      const upgrade = pick(random, ['websocket', 'h2c', 'TLS/1.0', 'x', '']);
      return {
        steps: [
          head(pick(random, ['GET', 'POST']), pick(random, ['/-/livez', DETECT]), {
            Connection: 'Upgrade, HTTP2-Settings',
            Upgrade: upgrade,
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'Sec-WebSocket-Version': 13,
            'Content-Length': 0,
          }),
        ],
      };
    },
  },
  {
    title: 'framing: line ends and spaces',
    weight: 2,
    make: (random) => {
      const text = pick(random, [
        'GET /-/livez HTTP/1.1\nHost: x\n\n',
        '\r\n\r\nGET /-/livez HTTP/1.1\r\nHost: x\r\n\r\n',
        'GET  /-/livez  HTTP/1.1\r\nHost: x\r\n\r\n',
        'GET /-/livez HTTP/1.1\r\nHost : x\r\n\r\n',
        'GET /-/livez HTTP/1.1\r\n Host: x\r\n\r\n',
        'GET /-/livez HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n',
        'GET\t/-/livez\tHTTP/1.1\r\nHost: x\r\n\r\n',
        'GET /-/livez HTTP/1.1\r\rHost: x\r\r',
        ' GET / HTTP/1.1\r\n\r\n',
      ]);
      return raw(text);
    },
  },
  {
    title: 'framing: any bytes',
    weight: 4,
    make: (random) => {
      const any = bytes(random, integer(random, 0, 3_000));
      return broken([
        ...(chance(random, 0.5) ? [{ text: `POST ${DETECT} HTTP/1.1\r\n` }] : []),
        { base64: any.toString('base64') },
        { text: '\r\n\r\n' },
      ]);
    },
  },
];
