/** Base64 as callers really send it, and what is refused. */
import { randomBytes } from 'node:crypto';
import { decodeBase64 } from '../../src/images/sources/base64.source.js';
import { refusalOf } from '../support/refusals.js';

const MIB = 1024 * 1024;
const decode = (text: string, maxBytes = MIB): Uint8Array => decodeBase64(text, 'image_base64', maxBytes);
// all 64 characters, and a length that needs padding
const bytes = Buffer.concat([Buffer.from([0xfb, 0xff, 0xbf, 0xfe]), randomBytes(999)]);

describe('refuses', () => {
  const cases: Record<string, string> = {
    words: 'this is no picture!',
    'a character outside the alphabet': `${bytes.toString('base64').slice(0, 100)}*${bytes.toString('base64').slice(101)}`,
    'a character above 255 whose low byte is in the alphabet': 'QUFB\u0141UFB',
    'text after the padding': 'QQ==QUFB',
    'a length no encoder makes': 'QUFBQ',
    'padding alone': '===',
    'three padding characters': 'QUFBQ===',
    'a data: URL that is not base64': 'data:image/svg+xml,%3Csvg%3E',
    'a data: prefix without an end': 'data:image/png;base64',
    'percent-encoding': 'QQ%3D%3D',
    'a URL': 'https://example.com/picture.jpg',
  };
  test.each(Object.entries(cases))('%s', async (_, text) => {
    const refusal = await refusalOf(() => decode(text));
    expect(refusal.code).toBe('image_undecodable');
    expect(refusal.message).toContain('image_base64');
    expect(refusal.message).not.toContain(text);
  });

  test('more bytes than allowed, before decoding them', async () => {
    expect(decode(bytes.toString('base64'), bytes.length)).toHaveLength(bytes.length);
    expect((await refusalOf(() => decode(bytes.toString('base64'), bytes.length - 1))).code).toBe(
      'image_too_large',
    );
  });

  test('text that is mostly white space by its length', async () => {
    for (const amount of [MIB / 2, 3 * MIB]) {
      expect((await refusalOf(() => decode(`${' '.repeat(amount)}QUFB`))).code).toMatch(
        /^image_(too_large|undecodable)$/,
      );
    }
  });
});

describe('accepts', () => {
  const standard = bytes.toString('base64');
  const cases: Record<string, string> = {
    'the standard alphabet': standard,
    'the URL-safe alphabet, unpadded': bytes.toString('base64url'),
    'both alphabets mixed': standard.replace('+', '-'),
    'white space inside the padding': standard.replace(/=+$/, (padding) => padding.split('').join('\r\n')),
    'missing padding': standard.replace(/=+$/, ''),
    'a data: prefix': `data:image/jpeg;base64,${standard}`,
    'a data: prefix with parameters, in capitals': `DATA:image/jpeg;charset=utf-8;BASE64,${standard}`,
    'lines of 76': standard.replace(/.{76}/g, '$&\r\n'),
    'white space of every kind': `\n\t ${standard.slice(0, 501)} \f\r\n${standard.slice(501)}\n`,
    'a data: prefix after white space': ` \n data:;base64,\n${standard}`,
  };
  test.each(Object.entries(cases))('%s', (_, text) => {
    expect(Buffer.from(decode(text)).equals(bytes)).toBe(true);
  });

  test('every length', () => {
    for (let length = 1; length < 40; length++) {
      const some = bytes.subarray(0, length);
      expect(Buffer.from(decode(some.toString('base64')))).toEqual(some);
      expect(Buffer.from(decode(some.toString('base64url')))).toEqual(some);
    }
  });

  test('a full-size picture in lines, although the line breaks exceed the limit', () => {
    const big = randomBytes(MIB);
    expect(decode(big.toString('base64').replace(/.{76}/g, '$&\r\n'))).toHaveLength(MIB);
  });
});

test('a single wrong character at the end of 10 MiB is found', async () => {
  const text = randomBytes(10 * MIB).toString('base64');
  expect(decode(text, 10 * MIB)).toHaveLength(10 * MIB);
  const garbage = `${text.slice(0, -9)}!${text.slice(-8)}`;
  expect((await refusalOf(() => decode(garbage, 10 * MIB))).code).toBe('image_undecodable');
});
