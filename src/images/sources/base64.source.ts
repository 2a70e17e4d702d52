/** Base64 text → bytes: with or without a `data:` prefix, either alphabet, white space allowed, nothing else. */
import { AppError } from '../../errors.js';
import { imageTooLarge } from '../image-errors.js';

const DATA_PREFIX = /^\s*data:[^,]{0,256},/i;
const WHITE_SPACE = /[ \t\r\n\f]+/g;
/** Line breaks and indents add a few per cent; text far beyond that is refused by its length alone, unread. */
const WHITE_SPACE_ALLOWANCE = 1.25;

/**
 * Decodes base64 (RFC 4648, sections 4 and 5; padding optional). The size is checked before anything is decoded.
 * Fast enough for the main thread: the decoder is native, and garbage is found by what it left out, not by a scan.
 * @throws AppError `image_undecodable` when it is no base64, `image_too_large` above `maxBytes`
 */
export function decodeBase64(text: string, field: string, maxBytes: number): Uint8Array {
  // A slice shares the memory of the text it is cut from.
  const payload = text.slice(prefixLength(text, field));
  if (payload.length > WHITE_SPACE_ALLOWANCE * maxCharacters(maxBytes)) throw imageTooLarge(field, maxBytes);
  // Above 255, Node's decoder looks only at the low byte of a character.
  if (Buffer.byteLength(payload) !== payload.length) throw notBase64(field);
  return decode(payload, field, maxBytes);
}

function decode(payload: string, field: string, maxBytes: number): Uint8Array {
  const length = payload.length - (payload.endsWith('==') ? 2 : payload.endsWith('=') ? 1 : 0);
  const bytes = Math.floor((length * 3) / 4);
  if (bytes <= maxBytes && length % 4 !== 1) {
    const decoded = Buffer.from(payload, 'base64');
    // Node skips what is not of the alphabet and stops at padding, so a full count proves every character good
    // (a single leftover character would add no byte, hence the length rule above).
    if (decoded.byteLength === bytes) return decoded;
  }
  // Rare enough to be looked for only when the count is off.
  const stripped = payload.replace(WHITE_SPACE, '');
  if (stripped.length < payload.length) return decode(stripped, field, maxBytes);
  throw bytes > maxBytes ? imageTooLarge(field, maxBytes) : notBase64(field);
}

function prefixLength(text: string, field: string): number {
  const prefix = DATA_PREFIX.exec(text)?.[0];
  if (prefix === undefined) return 0;
  if (/;\s*base64\s*,$/i.test(prefix)) return prefix.length;
  throw notBase64(field);
}

function maxCharacters(maxBytes: number): number {
  return Math.ceil(maxBytes / 3) * 4;
}

function notBase64(field: string): AppError {
  return new AppError(
    'image_undecodable',
    `${field} is not base64: send the bytes of the picture in base64, with or without a "data:image/…;base64," prefix.`,
    { field },
  );
}
