/** Connections that announce but do not send, send slowly, disconnect or just stay open. A normal caller must be served meanwhile. */
import { chance, integer, pick } from '../core/draw.js';
import type { Step } from '../core/exchange.js';
import { DETECT, head, post } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import { broken, type CraftedRequest } from './request-case.js';

const TARGETS = [DETECT, '/-/livez', '/no/such/route', '/metrics'];
const BODY = '{"image_base64":"AAAA"}';

/** Text byte by byte. */
function slowly(text: string, waitMs: number): Step[] {
  return [...text].flatMap((character) => [{ text: character }, { waitMs }]);
}

export const CONNECTION_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'connection: announces 64 MB and is idle',
    weight: 0.4,
    make: (random) => {
      const announced = pick<Readonly<Record<string, string | number>>>(random, [
        { 'Content-Length': 64 * 2 ** 20 },
        { 'Transfer-Encoding': 'chunked' },
      ]);
      const type = pick(random, ['application/json', 'image/jpeg', 'multipart/form-data; boundary=b']);
      const started = chance(random, 0.5) ? [{ text: 'x' }] : [];
      const steps = [head('POST', pick(random, TARGETS), { 'Content-Type': type, ...announced }), ...started];
      return broken(steps, { connections: pick(random, [8, 40, 200]), leaveAfterMs: 3_000, bystander: true });
    },
  },
  {
    title: 'connection: sends most of its body and stops',
    weight: 0.4,
    make: (random) =>
      broken(
        [
          head('POST', DETECT, {
            'Content-Type': pick(random, ['application/json', 'image/jpeg']),
            'Content-Length': 9_000_000,
          }),
          { text: 'x'.repeat(50_000), times: integer(random, 1, 170) },
        ],
        { connections: pick(random, [8, 24]), leaveAfterMs: 3_000, bystander: true },
      ),
  },
  {
    title: 'connection: compressed, and stops',
    weight: 0.4,
    make: () =>
      broken(
        [
          head('POST', DETECT, {
            'Content-Type': 'application/json',
            'Content-Encoding': 'gzip',
            'Content-Length': 9_000,
          }),
          { base64: 'H4sIAAAAAAAAAw==' },
        ],
        { connections: 40, leaveAfterMs: 3_000, bystander: true },
      ),
  },
  {
    title: 'connection: slow head',
    weight: 0.3,
    make: () =>
      broken(slowly(`POST ${DETECT} HTTP/1.1\r\nHost: x\r\n\r\n`, 60), {
        leaveAfterMs: 4_500,
        connections: 20,
        bystander: true,
      }),
  },
  {
    title: 'connection: slow body',
    weight: 0.3,
    make: () => ({
      steps: [
        head('POST', DETECT, { 'Content-Type': 'application/json', 'Content-Length': BODY.length }),
        ...slowly(BODY, 20),
      ],
      connections: 20,
      bystander: true,
    }),
  },
  {
    title: 'connection: a body that is too slow gets an answer',
    weight: 0.2,
    make: () => ({
      steps: [
        head('POST', DETECT, { 'Content-Type': 'application/json', 'Content-Length': 5_000 }),
        ...slowly(' '.repeat(200), 40),
      ],
      allowed: [408],
      bystander: true,
    }),
  },
  {
    title: 'connection: a head that is too slow gets an answer',
    weight: 0.2,
    make: () => ({
      steps: slowly(`POST ${DETECT} HTTP/1.1\r\nHost: ${'x'.repeat(200)}`, 40),
      allowed: [408],
    }),
  },
  {
    title: 'connection: nothing is ever sent',
    weight: 0.3,
    make: (random) =>
      broken([], { answers: 0, connections: pick(random, [1, 300]), leaveAfterMs: 1_000, bystander: true }),
  },
  {
    title: 'connection: disconnects',
    weight: 3,
    make: (random) =>
      broken(post(pick(random, TARGETS), 'application/json', BODY), {
        leaveAfterMs: integer(random, 0, 20),
        connections: pick(random, [1, 30]),
      }),
  },
  {
    title: 'connection: closes its half and still listens',
    make: () => ({ steps: [...post(DETECT, 'application/json', BODY), { end: true }] }),
  },
  {
    title: 'connection: sends on after its request',
    make: (random) => ({
      steps: [
        ...post(DETECT, 'application/json', BODY),
        { text: pick(random, ['x', '\r\n', '\0', 'GET']), times: integer(random, 1, 100_000) },
      ],
    }),
  },
  {
    title: 'connection: is refused while it sends',
    weight: 0.5,
    make: (random) => ({
      steps: post(
        DETECT,
        pick(random, ['image/jpeg', 'application/json', 'text/plain', 'multipart/form-data; boundary=b']),
        Buffer.alloc(integer(random, 11, 70) * 2 ** 20),
      ),
      bystander: true,
    }),
  },
];
