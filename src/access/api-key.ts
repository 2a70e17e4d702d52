/** API keys: how they are created, stored and checked. */
import { createHash, randomBytes } from 'node:crypto';

/** The stored form of a key: never the key itself. */
export interface ApiKey {
  /** Who it was given to. The name appears in logs. During a rotation, the old and the new key may share it. */
  readonly name: string;
  /** SHA-256 of the key. */
  readonly hash: Buffer;
  /** The day (UTC, YYYY-MM-DD) at whose start the key expires. */
  readonly expires?: string;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/i;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Creates a key of 256 random bits. Scanners for leaked secrets can find it by its prefix. */
export function newApiKey(): string {
  return `fas_${randomBytes(32).toString('base64url')}`;
}

/**
 * SHA-256 of a key. A slow, salted password hash protects secrets that can be guessed. 256 random bits cannot be guessed, and
 * this hash is computed for every request.
 */
export function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Formats a key as an entry of API_KEYS or a line of API_KEYS_FILE. `parseApiKey` reads it. */
export function formatApiKey({ name, hash, expires }: ApiKey): string {
  return [name, hash.toString('hex'), ...(expires === undefined ? [] : [expires])].join(':');
}

/** Parses `name:sha256` or `name:sha256:YYYY-MM-DD`; undefined if the text is neither. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [name, hash, expires, ...rest] = text.split(':');
  if (!isKeyName(name) || hash === undefined || !HASH.test(hash) || rest.length > 0) return undefined;
  if (expires !== undefined && !isDate(expires)) return undefined;
  return { name, hash: Buffer.from(hash, 'hex'), expires };
}

/** Whether a name has up to 64 letters, digits, `_`, `.` and `-`, and begins with a letter or digit. */
export function isKeyName(name: string): boolean {
  return NAME.test(name);
}

/** Whether the text is an existing day, written as YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const time = Date.parse(text);
  return DATE.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Whether a key has expired. */
export function hasExpired({ expires }: ApiKey, now = Date.now()): boolean {
  return expires !== undefined && now >= Date.parse(expires);
}
