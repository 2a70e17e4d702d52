/** Header fields: floods, sizes, and odd values of fields that the service reads. */
import { string } from 'fast-check';
import { draw, integer, pick } from '../core/draw.js';
import { DETECT, head, post } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import { broken, type CraftedRequest } from './request-case.js';

/** Fields that some part of the service reads, with values that may break it. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'X-Request-Id': ['', 'x'.repeat(5_000), '../..', '{"a":1}', 'é', '%0a', 'a b', '0', '\x7f'],
  Authorization: ['', 'Bearer', 'Bearer ', 'Basic x', `Bearer ${'x'.repeat(9_000)}`, 'bearer\tx', 'Bearer é'],
  'X-API-Key': ['', ' ', 'x'.repeat(9_000), 'é', 'a,b'],
  'X-Forwarded-For': [
    '1.2.3.4:80',
    '1.2.3.4, 5.6.7.8',
    'unknown',
    '::1',
    '[::1]:80',
    '1.2.3.4,'.repeat(900),
    ',',
    '%',
    '999.1.1.1',
  ],
  'X-Forwarded-Proto': ['https', 'javascript', ''],
  'X-Forwarded-Host': ['evil.example', ''],
  Forwarded: ['for=1.2.3.4', 'for="[::1]:80";proto=https', ';;;'],
  traceparent: [
    '',
    '00-0-0-0',
    `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `ff-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
    'x'.repeat(9_000),
  ],
  tracestate: ['a=b', ','.repeat(5_000), `a=${'b'.repeat(5_000)}`],
  baggage: ['a=b', 'a='.repeat(3_000)],
  Host: ['', 'evil.example', '[::1', 'a b', 'x'.repeat(5_000), 'localhost:99999', '@', '%'],
  Origin: ['null', 'https://evil.example', '', 'x', '://'],
  Accept: ['', 'image/png', '*/*;q=0', 'application/json;q=x', ','.repeat(9_000), 'text/html'],
  'Accept-Encoding': ['gzip', 'identity;q=0', '*;q=0', 'br, '.repeat(3_000)],
  'Accept-Language': ['', 'xx', ','.repeat(9_000)],
  'Content-Type': [
    '',
    ';',
    '/',
    'application',
    'application/json;',
    'application/json; charset=x',
    'image/',
    'image/svg+xml',
    'image/jpeg; '.repeat(500),
    'text/html',
    'application/jsonp',
    'application/vnd.api+json',
    'a/b/c',
    'é',
    'APPLICATION/JSON',
    'application/json,image/jpeg',
    `x/${'y'.repeat(9_000)}`,
  ],
  'Content-Encoding': ['identity', 'x', 'identity, identity', 'é'],
  'Content-Disposition': ['attachment; filename="../x"', '; ; ;'],
  Connection: ['close', 'keep-alive, close', 'Content-Length', 'x', 'Host', ''],
  Cookie: ['a=b; '.repeat(2_000), '=', '__proto__=x'],
  Range: ['bytes=0-0', 'bytes=-1', 'bytes=0-,'.repeat(500), 'x'],
  'If-None-Match': ['*', 'W/"x"', ','.repeat(5_000)],
  'If-Modified-Since': ['x', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  TE: ['trailers', 'deflate;q=0.5', 'x'],
  'Access-Control-Request-Method': ['POST', 'x', ''],
  'User-Agent': ['', '${jndi:ldap://x}', "' OR 1=1 --", '() { :;}; echo', 'x'.repeat(9_000)],
  'X-HTTP-Method-Override': ['DELETE', 'GET'],
};

export const HEADER_IDEAS: readonly Idea<CraftedRequest>[] = [
  ...Object.entries(VALUES).map(([name, values]) => ({
    title: `header: odd ${name}`,
    make: (random: () => number) => {
      const value = pick(random, values);
      // A field that Node refuses for its bytes need not be answered.
      const made = {
        steps: post(
          pick(random, [DETECT, '/-/livez', '/no/such/route']),
          'application/json',
          '{"image_base64":"AAAA"}',
          { [name]: value },
        ),
      };
      return /^[\x20-\x7e]*$/.test(value) ? made : broken(made.steps);
    },
  })),
  {
    title: 'header: a flood of fields',
    make: (random) =>
      broken(
        [
          { text: 'GET /-/livez HTTP/1.1\r\nHost: x\r\n' },
          {
            text: pick(random, [
              'A: b\r\n',
              'Cookie: a=b\r\n',
              'X-Forwarded-For: 1.1.1.1\r\n',
              ':\r\n',
              'a\r\n',
            ]),
            times: pick(random, [100, 1_999, 5_000, 1_000_000]),
          },
          { text: '\r\n' },
        ],
        { bystander: true },
      ),
  },
  {
    title: 'header: a field of many bytes',
    make: (random) =>
      broken(
        [
          { text: 'GET /-/livez HTTP/1.1\r\nHost: x\r\nA: ' },
          { text: 'b', times: pick(random, [8_000, 16_000, 17_000, 20_000_000]) },
          { text: '\r\n\r\n' },
        ],
        { bystander: true },
      ),
  },
  { title: 'header: no host', make: () => ({ steps: [{ text: 'GET /-/livez HTTP/1.1\r\n\r\n' }] }) },
  {
    title: 'header: two hosts',
    make: () => broken([{ text: 'GET /-/livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' }]),
  },
  {
    title: 'header: no content type',
    make: () => ({ steps: [head('POST', DETECT, { 'Content-Length': 2 }), { text: '{}' }] }),
  },
  {
    title: 'header: names and values of any bytes',
    weight: 6,
    make: (random) => {
      const any = (): string =>
        Buffer.from(draw(random, string({ unit: 'binary', maxLength: 40 }))).toString('latin1');
      const lines = Array.from({ length: integer(random, 1, 9) }, () => `${any()}: ${any()}\r\n`);
      return broken([{ text: `GET /-/livez HTTP/1.1\r\nHost: x\r\n${lines.join('')}\r\n` }]);
    },
  },
];
