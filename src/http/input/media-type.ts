/** What the headers of a request say about its body: media type, character set and compression. */
import type { IncomingHttpHeaders } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { AppError } from '../../errors.js';

/** How to read a body. `other`: its bytes decide. */
export type BodyKind = 'json' | 'form' | 'picture' | 'other';

/** Spellings of UTF-8 and of ASCII, its subset. */
const UTF_8 = /^(utf-?8|us-ascii|ascii)$/i;
/** Encodings that leave the bytes as they are. Uploads made for S3 say `aws-chunked`, but their bytes arrive here plain. */
const PLAIN = new Set(['', 'identity', 'none', 'binary', '7bit', '8bit', 'utf-8', 'utf8', 'aws-chunked']);
/** Larger pieces take fewer turns of the main thread. */
const UNPACK = { chunkSize: 64 * 1024 };

/** The media type in lower case, without parameters; undefined if the request names none. */
export function mediaTypeOf({ 'content-type': header }: IncomingHttpHeaders): string | undefined {
  const type = header?.split(';', 1)[0].trim().toLowerCase();
  return type === '' ? undefined : type;
}

/** How to read a body of this type. `image/*` is not a real type, but it clearly means a picture. */
export function kindOf(type: string | undefined): BodyKind {
  if (type === undefined) return 'other';
  if (/^application\/([\w.-]+\+)?json$/.test(type)) return 'json';
  if (type === 'multipart/form-data') return 'form';
  return type.startsWith('image/') || type === 'application/octet-stream' ? 'picture' : 'other';
}

/** @throws AppError `unsupported_media_type` when JSON has a character set other than UTF-8 */
export function assertUtf8({ 'content-type': header = '' }: IncomingHttpHeaders): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  if (charset === undefined || UTF_8.test(charset)) return;
  throw new AppError(
    'unsupported_media_type',
    'The character set of the JSON body is not supported: send it as UTF-8.',
  );
}

/**
 * A stream that unpacks the body; undefined if the body is not compressed.
 * @throws AppError `unsupported_media_type`
 */
export function unpackerOf({ 'content-encoding': header = '' }: IncomingHttpHeaders): Transform | undefined {
  const encoding = header.trim().toLowerCase();
  if (PLAIN.has(encoding)) return undefined;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip(UNPACK);
  if (encoding === 'deflate') return createInflate(UNPACK);
  if (encoding === 'br') return createBrotliDecompress(UNPACK);
  throw new AppError(
    'unsupported_media_type',
    'The Content-Encoding of the body is not supported: send the body uncompressed, or with gzip, deflate or br.',
  );
}
