/** JSON bodies: structural bombs, odd numbers and texts, and values of unexpected types. */
import { array, dictionary, double, jsonValue, oneof, string } from 'fast-check';
import type { Random } from '../../bench/simulate/random.js';
import { chance, draw, integer, pick } from '../core/draw.js';
import { BATCH, COMPARE, DETECT, post, postPieces } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import { broken, type CraftedRequest, utf8 } from './request-case.js';

const JSON_TYPE = 'application/json';
const MIB = 2 ** 20;
const ROUTES = [DETECT, COMPARE, BATCH];
const KEYS = [
  'image_base64',
  'image_url',
  'image1_base64',
  'image2_url',
  'image',
  'fields',
  'max_faces',
  'min_confidence',
  'min_face_size',
  'search',
  'requests',
  '__proto__',
  'constructor',
  'toString',
  'unknown',
];

type Piece = Parameters<typeof postPieces>[2][number];

/** A body of several pieces, sent to any of the routes. */
function pieces(random: Random, list: readonly Piece[], more: Partial<CraftedRequest> = {}): CraftedRequest {
  return { steps: postPieces(pick(random, ROUTES), JSON_TYPE, list), bystander: true, ...more };
}

/** `{"key":[part,part,…]}` of about the given size. */
function repeated(
  random: Random,
  key: string,
  part: string,
  bytes: number,
  [open, close] = ['[', ']'],
): CraftedRequest {
  const times = Math.ceil(bytes / (part.length + 1));
  return pieces(random, [
    { text: `{"${key}":${open}` },
    { text: `${part},`, times },
    { text: `${part}${close}}` },
  ]);
}

const sizes = (random: Random): number => pick(random, [MIB, 6 * MIB, 25 * MIB, 60 * MIB]);

/** The output of `JSON.stringify` for a Uint8Array. */
function uint8Array(count: number): string {
  const parts: string[] = [];
  for (let at = 0; at < count; at++) parts.push(`"${at}":${(at * 7) % 256}`);
  return `{${parts.join()}}`;
}

const odd = oneof(
  jsonValue(),
  double({ noNaN: true }),
  string({ unit: 'binary' }),
  array(jsonValue()),
  dictionary(string(), jsonValue()),
);

export const JSON_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'JSON: a Uint8Array through JSON.stringify',
    make: (random) => {
      const key = pick(random, KEYS);
      const text = `{"${key}":${uint8Array(pick(random, [10_000, 100_000, 400_000]))}}`;
      return { steps: post(pick(random, ROUTES), JSON_TYPE, text), bystander: true };
    },
  },
  {
    title: 'JSON: numbers as a picture',
    make: (random) =>
      repeated(
        random,
        pick(random, ['image_base64', 'image', 'image1_base64']),
        '255',
        pick(random, [4 * MIB, 20 * MIB]),
      ),
  },
  {
    title: 'JSON: fields without end',
    make: (random) =>
      repeated(random, 'fields', pick(random, ['0', '"x"', 'null', '"feature"']), sizes(random)),
  },
  {
    title: 'JSON: empty arrays or objects by the million',
    make: (random) =>
      repeated(
        random,
        pick(random, KEYS),
        pick(random, ['[]', '{}', '[[]]', '{"a":0}', '""']),
        sizes(random),
      ),
  },
  {
    title: 'JSON: a batch by the million',
    make: (random) =>
      repeated(
        random,
        'requests',
        pick(random, ['{}', '0', '{"image_base64":""}', '{"requests":[]}', '[]']),
        sizes(random),
      ),
  },
  {
    title: 'JSON: deep arrays or objects',
    weight: 2,
    make: (random) => {
      const depth = pick(random, [33, 100, 1_500, 2_000, 100_000, 5_000_000]);
      const [open, inner, close] = pick(random, [
        ['[', '0', ']'],
        ['{"a":', '0', '}'],
        ['[{"a":', '0', '}]'],
        ['[0,', '0', ',0]'],
      ] as const);
      const key = pick(random, KEYS);
      return pieces(random, [
        { text: `{"${key}":` },
        { text: open, times: depth },
        { text: inner },
        { text: close, times: chance(random, 0.8) ? depth : 0 },
        { text: '}' },
      ]);
    },
  },
  {
    title: 'JSON: an array at the top',
    make: (random) => {
      const part = pick(random, ['[]', '{}', '0']);
      return pieces(random, [
        { text: '[' },
        { text: `${part},`, times: pick(random, [3, 1_000_000, 10_000_000]) },
        { text: `${part}]` },
      ]);
    },
  },
  {
    title: 'JSON: very many unknown keys',
    make: (random) => {
      const count = pick(random, [30, 20_000, 500_000]);
      const members = Array.from(
        { length: count },
        (_, at) => `"key${at}":${pick(random, ['0', '{}', '[]'])}`,
      );
      return { steps: post(pick(random, ROUTES), JSON_TYPE, `{${members.join()}}`), bystander: true };
    },
  },
  {
    title: 'JSON: one key of megabytes',
    make: (random) =>
      pieces(random, [
        { text: '{"' },
        { text: pick(random, ['a', '\\u0041', '\\n']), times: integer(random, 1, 5 * MIB) },
        { text: '":0}' },
      ]),
  },
  {
    title: 'JSON: one value of megabytes',
    make: (random) =>
      pieces(random, [
        { text: `{"${pick(random, KEYS)}":"` },
        {
          text: pick(random, ['A', '=', ' ', '\\n', '\\ud800', 'data:', '%', '/', 's3://']),
          times: integer(random, 1, 10 * MIB),
        },
        { text: '"}' },
      ]),
  },
  {
    title: 'JSON: the same key again and again',
    make: (random) => {
      const key = pick(random, KEYS);
      return pieces(random, [
        { text: '{' },
        { text: `"${key}":{},`, times: integer(random, 2, 500_000) },
        { text: `"${key}":0}` },
      ]);
    },
  },
  {
    title: 'JSON: odd numbers',
    weight: 2,
    make: (random) => {
      const number = pick(random, [
        '1e999',
        '-1e999',
        '-0',
        '1e-400',
        '00',
        '0x10',
        '1.',
        '.5',
        '+1',
        'NaN',
        'Infinity',
        '9007199254740993',
        '9'.repeat(200_000),
        `0.${'0'.repeat(100_000)}1`,
        '1e',
        '2147483648',
        '-1',
        '0.5',
      ]);
      const key = pick(random, KEYS);
      return { steps: post(pick(random, ROUTES), JSON_TYPE, `{"${key}":${number}}`) };
    },
  },
  {
    title: 'JSON: odd text',
    weight: 2,
    make: (random) => {
      const text = pick(random, [
        '\\ud800',
        '\\udc00\\ud800',
        '\\u0000',
        '\\x41',
        '\n',
        '\t',
        utf8('😀'),
        '\xff\xfe',
        '\xc0\x80',
        '\xed\xa0\x80',
        '\\',
        '"',
      ]);
      return {
        steps: [
          ...postPieces(pick(random, ROUTES), JSON_TYPE, [{ text: `{"${pick(random, KEYS)}":"${text}"}` }]),
        ],
      };
    },
  },
  {
    title: 'JSON: another encoding',
    make: (random) => {
      const text = '{"image_base64":"AAAA"}';
      const body = pick(random, [
        Buffer.from(`\ufeff${text}`),
        Buffer.from(text, 'utf16le'),
        Buffer.from(`\ufeff${text}`, 'utf16le'),
        Buffer.from(text, 'utf16le').swap16(),
        Buffer.alloc(integer(random, 0, 40)),
      ]);
      const charset = pick(random, [
        '',
        '; charset=utf-8',
        '; charset=utf8',
        '; charset=utf-16',
        '; charset=utf-16le',
        '; charset=latin1',
        '; charset=',
        '; charset="',
        '; charset=utf-32',
      ]);
      return { steps: post(DETECT, `${JSON_TYPE}${charset}`, body) };
    },
  },
  {
    title: 'JSON: not quite JSON',
    weight: 2,
    make: (random) => {
      const text = pick(random, [
        '',
        ' ',
        'null',
        '1',
        '"x"',
        'true',
        '[]',
        '{',
        '}',
        '{}x',
        '{}{}',
        "{'a':1}",
        '{a:1}',
        '{"a":1,}',
        '// x\n{}',
        '[1,2',
        'undefined',
        '{"a":undefined}',
        '\0',
        '{"image_base64":"',
      ]);
      return { steps: post(pick(random, ROUTES), JSON_TYPE, text) };
    },
  },
  {
    title: 'JSON: names of built-in properties',
    make: (random) => {
      const name = pick(random, [
        '__proto__',
        'constructor',
        'prototype',
        'hasOwnProperty',
        'toString',
        'valueOf',
        '__defineGetter__',
        'length',
        'then',
        'toJSON',
      ]);
      const value = pick(random, [
        'null',
        '0',
        '"x"',
        '{}',
        '[]',
        '{"image_base64":"AAAA"}',
        '{"__proto__":{"fields":["feature"]}}',
      ]);
      const text = pick(random, [
        `{"${name}":${value}}`,
        `{"requests":[{"${name}":${value}}]}`,
        `{"image_base64":{"${name}":${value}}}`,
        `{"fields":{"${name}":${value}}}`,
      ]);
      return { steps: post(pick(random, ROUTES), JSON_TYPE, text) };
    },
  },
  {
    title: 'JSON: any value',
    weight: 12,
    make: (random) => ({
      steps: post(pick(random, ROUTES), JSON_TYPE, JSON.stringify(draw(random, jsonValue()))),
    }),
  },
  {
    title: 'JSON: values of a wrong type',
    weight: 12,
    make: (random) => {
      const members = Array.from({ length: integer(random, 1, 5) }, () => [
        pick(random, KEYS),
        draw(random, odd),
      ]);
      const one = Object.fromEntries(members) as object;
      const body = chance(random, 0.3) ? { requests: [one, draw(random, odd)] } : one;
      return { steps: post(pick(random, ROUTES), JSON_TYPE, JSON.stringify(body)) };
    },
  },
  {
    title: 'JSON: cut short',
    make: (random) => {
      const text = '{"image_base64":"AAAA","fields":["feature"]}';
      const [start] = post(DETECT, JSON_TYPE, text);
      return broken([
        start,
        { text: text.slice(0, integer(random, 0, text.length - 1)) },
        ...(chance(random, 0.5) ? [{ end: true } as const] : []),
      ]);
    },
  },
];
