/** Which web pages may call the API from a browser. */
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

/** Response headers that a page may read. */
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

/** @param origins the value of CORS_ORIGINS. API keys are sent in headers, so cookies are never needed. */
export function crossOrigin(origins: readonly string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_SECONDS,
  };
}
