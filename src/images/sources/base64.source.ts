/** Base64 text → bytes: with or without a `data:` prefix, in either alphabet, with white space but nothing else in between. */
import { AppError } from '../../errors.js';
import { imageTooLarge } from '../image-errors.js';

const DATA_PREFIX = /^\s*data:[^,]{0,256},/i;
const PADDING = /^=\s*(=\s*)?$/;
const WHITE_SPACE = ['\n', '\r', ' ', '\t', '\f'];
/** Line breaks and indentation add a few per cent. Text with far more is refused, to bound the work. */
const WHITE_SPACE_SHARE = 0.25;

/**
 * Decodes base64 (RFC 4648, sections 4 and 5; padding optional). The size is checked before anything is decoded. This is fast
 * enough for the main thread: the decoder is native, and the number of decoded bytes reveals invalid characters, without a scan.
 * @throws AppError `image_undecodable` when the text is not base64, `image_too_large` above `maxBytes`
 */
export function decodeBase64(text: string, field: string, maxBytes: number): Uint8Array {
  const maxCharacters = Math.ceil((maxBytes * 4) / 3);
  const maxWhiteSpace = Math.ceil(maxCharacters * WHITE_SPACE_SHARE);
  // Slices share the memory of the original text.
  const payload = text.slice(prefixLength(text, field));
  const end = payload.indexOf('=');
  const body = end === -1 ? payload : payload.slice(0, end);
  if (body.length > maxCharacters + maxWhiteSpace) throw imageTooLarge(field, maxBytes);
  if (end !== -1 && !PADDING.test(payload.slice(end))) throw notBase64(field);
  const characters = body.length - countWhiteSpace(body, maxWhiteSpace);
  const bytes = Math.floor((characters * 3) / 4);
  if (bytes > maxBytes) throw imageTooLarge(field, maxBytes);
  // A single leftover character holds less than a byte. Node's decoder sees only the low byte of characters above 255.
  if (characters % 4 === 1 || Buffer.byteLength(body) !== body.length) throw notBase64(field);
  // Both encodings read both alphabets and stop at padding, but each is fast only with its own alphabet and with padding.
  const decoded = Buffer.from(payload, body.includes('-') || body.includes('_') ? 'base64url' : 'base64');
  // Node skips characters of neither alphabet, so a full count proves that all were valid.
  if (decoded.byteLength !== bytes) throw notBase64(field);
  return decoded;
}

/** Counts white space up to a little above `max`. */
function countWhiteSpace(text: string, max: number): number {
  let count = 0;
  for (const character of WHITE_SPACE) {
    let at = text.indexOf(character);
    for (; at !== -1 && count <= max; at = text.indexOf(character, at + 1)) count++;
  }
  return count;
}

function prefixLength(text: string, field: string): number {
  const prefix = DATA_PREFIX.exec(text)?.[0];
  if (prefix === undefined) return 0;
  if (/;\s*base64\s*,$/i.test(prefix)) return prefix.length;
  throw notBase64(field);
}

function notBase64(field: string): AppError {
  return new AppError(
    'image_undecodable',
    `${field} is not base64: send the bytes of the picture in base64, with or without a "data:image/…;base64," prefix.`,
    { field },
  );
}
