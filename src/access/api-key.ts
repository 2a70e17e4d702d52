/** API keys: how one is made, written down and recognised. */
import { createHash, randomBytes } from 'node:crypto';

/** What is stored of a key: never the key itself. */
export interface ApiKey {
  /** Who it was given to; it appears in logs and may be shared by an old and a new key during a rotation. */
  readonly name: string;
  /** SHA-256 of the key. */
  readonly hash: Buffer;
  /** The day (UTC, YYYY-MM-DD) from whose beginning on it is refused. */
  readonly expires?: string;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/i;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** A key of 256 random bits. The prefix lets scanners for leaked secrets find it. */
export function newApiKey(): string {
  return `fas_${randomBytes(32).toString('base64url')}`;
}

/**
 * SHA-256 of a key. A slow, salted password hash would protect secrets that can be guessed; 256 random bits cannot,
 * and this one runs for every request.
 */
export function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** How a key is written into API_KEYS or a line of API_KEYS_FILE; `parseApiKey` reads it back. */
export function formatApiKey({ name, hash, expires }: ApiKey): string {
  return [name, hash.toString('hex'), ...(expires === undefined ? [] : [expires])].join(':');
}

/** Reads `name:sha256` or `name:sha256:YYYY-MM-DD`; undefined when it is neither. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [name, hash, expires, ...rest] = text.split(':');
  if (!isKeyName(name) || hash === undefined || !HASH.test(hash) || rest.length > 0) return undefined;
  if (expires !== undefined && !isDate(expires)) return undefined;
  return { name, hash: Buffer.from(hash, 'hex'), expires };
}

/** Letters, digits, `_`, `.` and `-`, 64 at most. */
export function isKeyName(name: string): boolean {
  return NAME.test(name);
}

/** A day that exists, written YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const time = Date.parse(text);
  return DATE.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Whether a key has passed its day. */
export function hasExpired({ expires }: ApiKey, now = Date.now()): boolean {
  return expires !== undefined && now >= Date.parse(expires);
}
