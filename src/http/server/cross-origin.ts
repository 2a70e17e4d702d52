/** Which web pages may call the API from a browser. */
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

/** What a page may read of an answer beside its body. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Server-Timing',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];
/** How long a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 600;

/** @param origins those of CORS_ORIGINS; keys travel in headers, so cookies are never needed */
export function crossOrigin(origins: readonly string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_SECONDS,
  };
}
