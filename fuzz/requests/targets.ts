/** Methods and targets: every form of RFC 9112, and invalid ones. */
import { string, webPath, webQueryParameters } from 'fast-check';
import { chance, draw, integer, pick } from '../core/draw.js';
import { BATCH, COMPARE, DETECT, head, post } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import { broken, type CraftedRequest } from './request-case.js';

const ROUTES = [
  DETECT,
  COMPARE,
  BATCH,
  '/v1/models',
  '/v1/models/insightface',
  '/-/livez',
  '/-/readyz',
  '/-/healthz',
  '/metrics',
  '/docs',
  '/docs-json',
  '/',
];
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'MKCOL',
  'SEARCH',
  'QUERY',
  'LOCK',
  'PURGE',
  'M-SEARCH',
  'SOURCE',
];

const ODD = [
  '//',
  '/..',
  '/../../etc/passwd',
  '/%2e%2e/',
  '/%',
  '/%zz',
  '/%c0%af',
  '/%00',
  '/-/livez/',
  '/-/livez%00',
  '/-/livez;x',
  '//-/livez',
  '/-/LIVEZ',
  '/?',
  '/?%',
  '/?a[b',
  '/\\',
  '/v1/models/insightface%3Adetect',
  '/v1/models/insightface\\:detect',
  '/docs/../metrics',
  '/docs/%2e%2e/metrics',
  '/docs/swagger-ui.css',
  '/favicon.ico',
  '/.env',
  '/docs-yaml',
  '/v1/models/__proto__',
  '/v1/models/insightface:constructor',
];

export const TARGET_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'target: any method for any route',
    weight: 4,
    make: (random) => {
      const method = pick(random, METHODS);
      const body = chance(random, 0.5) ? '{}' : '';
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      return {
        steps: [head(method, pick(random, ROUTES), headers), { text: body }],
        head: method === 'HEAD',
      };
    },
  },
  {
    title: 'target: invalid methods',
    make: (random) =>
      broken([
        {
          text: `${pick(random, ['FOO', 'get', 'GET\0', 'G ET', '', '\xff', 'A'.repeat(20_000), 'CONNECT', 'GET/'])} /-/livez HTTP/1.1\r\nHost: x\r\n\r\n`,
        },
      ]),
  },
  {
    title: 'target: odd paths',
    weight: 4,
    make: (random) => ({
      steps: [head(pick(random, ['GET', 'POST', 'OPTIONS']), pick(random, ODD), { 'Content-Length': 0 })],
    }),
  },
  {
    title: 'target: other forms',
    weight: 2,
    make: (random) => {
      const target = pick(random, [
        'https://[::1',
        'http://localhost/-/livez',
        'http://[::1]/-/livez',
        'http://user:pw@localhost/-/livez',
        'http://',
        'https://[',
        'http:///-/livez',
        'ftp://x/',
        'file:///etc/passwd',
        '//[',
        '//evil.example/-/livez',
        'http://[::1]:99999/',
        `http://${'a'.repeat(300)}/`,
        '/-/livez#x',
        '?',
        '#',
        'x',
        '-',
      ]);
      const method = pick(random, ['GET', 'POST', 'HEAD']);
      return {
        steps: [head(method, target, { 'Content-Length': 0 })],
        head: method === 'HEAD',
        answers: 1,
        leaveAfterMs: 700,
      };
    },
  },
  { title: 'target: OPTIONS *', make: () => ({ steps: [head('OPTIONS', '*', {})] }) },
  {
    title: 'target: CONNECT',
    make: (random) =>
      broken([
        { text: `CONNECT ${pick(random, ['x:443', '127.0.0.1:1', '*', '/'])} HTTP/1.1\r\nHost: x\r\n\r\n` },
      ]),
  },
  {
    title: 'target: bytes that no target holds',
    make: (random) =>
      broken([
        {
          text: `GET /${pick(random, ['\0', '\x01', '\xff', ' x', '\t', '\x7f', '\r', 'é'])} HTTP/1.1\r\nHost: x\r\n\r\n`,
        },
      ]),
  },
  {
    title: 'target: very long',
    make: (random) => {
      const long = 'a'.repeat(pick(random, [8_000, 15_000, 17_000, 200_000]));
      return broken([
        {
          text: `GET ${pick(random, [`/${long}`, `/-/livez?${long}`, `${DETECT}?a=${long}`, `/${'../'.repeat(5_000)}`])} HTTP/1.1\r\nHost: x\r\n\r\n`,
        },
      ]);
    },
  },
  {
    title: 'target: options in the query',
    weight: 4,
    make: (random) => {
      const query = pick(random, [
        'max_faces=',
        'max_faces=1e9',
        'max_faces=-1',
        'max_faces=1&max_faces=2',
        'fields=',
        'fields=x',
        'fields=yaw&fields=yaw',
        `fields=${'yaw,'.repeat(2_000)}`,
        'fields[]=yaw',
        'fields[0][0]=yaw',
        `fields${'[a]'.repeat(500)}=x`,
        'min_confidence=NaN',
        'min_confidence=1e999',
        'min_face_size=Infinity',
        'search=thorough',
        'search=thorough&search=standard',
        '__proto__[x]=1',
        'constructor=1',
        'image_url=http://127.0.0.1/',
        'image=x',
        'requests=x',
        'image_base64=AAAA',
        '%',
        'a=%ff',
        '&'.repeat(9_000),
        '=',
        'max_faces',
        'toString=1',
      ]);
      return {
        steps: post(
          `${pick(random, [DETECT, COMPARE, BATCH])}?${query}`,
          'application/json',
          '{"image_base64":"AAAA"}',
        ),
      };
    },
  },
  {
    title: 'target: any path and query',
    weight: 6,
    make: (random) => {
      const query = draw(random, webQueryParameters());
      const target = `${draw(random, webPath()) || '/'}?${query}`.slice(0, 6_000);
      return { steps: [head(pick(random, ['GET', 'POST']), target, { 'Content-Length': 0 })] };
    },
  },
  {
    title: 'target: any bytes after the slash',
    weight: 3,
    make: (random) => {
      const text = Buffer.from(draw(random, string({ unit: 'binary', maxLength: 60 })))
        .toString('latin1')
        .slice(0, integer(random, 0, 200));
      return broken([{ text: `GET /${text} HTTP/1.1\r\nHost: x\r\n\r\n` }]);
    },
  },
];
