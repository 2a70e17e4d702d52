/** What a request says of its body: its media type, its character set, its compression. */
import type { IncomingHttpHeaders } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { AppError } from '../../errors.js';

/** How a body is read. `other`: by what it turns out to be. */
export type BodyKind = 'json' | 'form' | 'picture' | 'other';

/** Spellings of UTF-8, and what is a part of it. */
const UTF_8 = /^(utf-?8|us-ascii|ascii)$/i;
/** Encodings that change nothing. Uploads made for S3 say `aws-chunked` of bytes that are plain by the time they are here. */
const PLAIN = new Set(['', 'identity', 'none', 'binary', '7bit', '8bit', 'utf-8', 'utf8', 'aws-chunked']);
/** Output by the piece: larger ones cost the main thread fewer turns. */
const UNPACK = { chunkSize: 64 * 1024 };

/** The media type in lower case and without parameters; undefined where the request names none. */
export function mediaTypeOf({ 'content-type': header }: IncomingHttpHeaders): string | undefined {
  const type = header?.split(';', 1)[0].trim().toLowerCase();
  return type === '' ? undefined : type;
}

/** How to read a body of this type. `image/*` is no type, but means a picture all the same. */
export function kindOf(type: string | undefined): BodyKind {
  if (type === undefined) return 'other';
  if (/^application\/([\w.-]+\+)?json$/.test(type)) return 'json';
  if (type === 'multipart/form-data') return 'form';
  return type.startsWith('image/') || type === 'application/octet-stream' ? 'picture' : 'other';
}

/** @throws AppError `unsupported_media_type` when JSON comes in another character set than UTF-8 */
export function assertUtf8({ 'content-type': header = '' }: IncomingHttpHeaders): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  if (charset === undefined || UTF_8.test(charset)) return;
  throw new AppError('unsupported_media_type', 'JSON is read as UTF-8: send it in that character set.');
}

/**
 * A stream that unpacks the body; undefined where it is plain.
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
