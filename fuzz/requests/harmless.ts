/** Odd but harmless requests, as curl, browsers and client libraries send them every day. They must be answered normally. */
import { gzipSync } from 'node:zlib';
import { DETECT, head, post } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import type { CraftedRequest } from './request-case.js';

const OK = { allowed: [200] };

/** Ideas for harmless requests. @param picture a valid JPEG */
export function harmlessIdeas(picture: Buffer): Idea<CraftedRequest>[] {
  const text = JSON.stringify({ image_base64: picture.toString('base64') });
  const sent = (type: string, headers: Readonly<Record<string, string | number>> = {}): CraftedRequest => ({
    steps: post(DETECT, type, picture, headers),
    ...OK,
  });
  const json = (
    type: string,
    body: Buffer | string = text,
    headers: Readonly<Record<string, string | number>> = {},
  ): CraftedRequest => ({ steps: post(DETECT, type, body, headers), ...OK });
  const made: Readonly<Record<string, () => CraftedRequest>> = {
    'an empty Content-Encoding': () => sent('image/jpeg', { 'Content-Encoding': '' }),
    'Content-Encoding aws-chunked, plain bytes': () =>
      sent('image/jpeg', { 'Content-Encoding': 'aws-chunked' }),
    'Content-Encoding identity': () => sent('image/jpeg', { 'Content-Encoding': 'identity' }),
    'Content-Type image/*': () => sent('image/*'),
    'Content-Type image/jpg': () => sent('image/jpg'),
    'Content-Type of another format': () => sent('image/png'),
    'Content-Type application/octet-stream': () => sent('application/octet-stream'),
    'charset=utf8': () => json('application/json; charset=utf8'),
    'charset=UTF-8 in quotes': () => json('application/json; charset="UTF-8"'),
    'JSON with a byte order mark': () => json('application/json', `\ufeff${text}`),
    'JSON in gzip': () => json('application/json', gzipSync(text), { 'Content-Encoding': 'gzip' }),
    'unknown parameters of the type': () => json('application/json; profile=x'),
    'a body in chunks': () => ({
      steps: [
        head('POST', DETECT, { 'Content-Type': 'image/jpeg', 'Transfer-Encoding': 'chunked' }),
        { text: `${picture.length.toString(16)};ext=1\r\n` },
        { base64: picture.toString('base64') },
        { text: '\r\n0\r\n\r\n' },
      ],
      ...OK,
    }),
    'a form': () => ({
      steps: post(
        DETECT,
        'multipart/form-data; boundary=b',
        Buffer.concat([
          Buffer.from('preamble\r\n--b\r\ncontent-disposition: form-data; name=image; filename=x\r\n\r\n'),
          picture,
          Buffer.from('\r\n--b--\r\nepilogue'),
        ]),
      ),
      ...OK,
    }),
    'a form part without a file name': () => ({
      steps: post(
        DETECT,
        'multipart/form-data; boundary=b',
        Buffer.concat([
          Buffer.from(
            '--b\r\nContent-Disposition: form-data; name="image"\r\nContent-Type: image/jpeg\r\n\r\n',
          ),
          picture,
          Buffer.from('\r\n--b--\r\n'),
        ]),
      ),
      // Accepted, or refused with a message that says what is missing, but never ignored silently.
      allowed: [200, 400, 422],
    }),
    'empty options': () =>
      json(
        'application/json',
        JSON.stringify({ image_base64: picture.toString('base64'), fields: null, max_faces: null }),
      ),
    'base64 in lines': () =>
      json(
        'application/json',
        JSON.stringify({ image_base64: picture.toString('base64').replace(/.{76}/g, '$&\r\n') }),
      ),
    'base64 for URLs': () =>
      json('application/json', JSON.stringify({ image_base64: picture.toString('base64url') })),
    'a data URL': () =>
      json(
        'application/json',
        JSON.stringify({ image_base64: `data:image/jpeg;base64,${picture.toString('base64')}` }),
      ),
    'a caller-chosen request id': () => sent('image/jpeg', { 'X-Request-Id': 'abc-1' }),
  };
  return Object.entries(made).map(([title, make]) => ({ title: `harmless: ${title}`, weight: 0.5, make }));
}
