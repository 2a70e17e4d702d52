/** API keys and rate limits in the OpenAPI document. They appear only if they are enabled. */
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ErrorCode } from '../errors.js';
import { problemAnswers } from '../http/problems/problem.openapi.js';
import type { ApiKeys } from './api-keys.service.js';
import type { RateLimiter } from './rate-limiter.service.js';
import { surfaceOf } from './surface.js';

/** A request needs only one of them. */
const SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, sent as `Authorization: Bearer <key>`.',
  },
  api_key: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The same API key, sent as `X-API-Key: <key>`.',
  },
} as const;
const KEY_ERRORS: ErrorCode[] = ['api_key_missing', 'api_key_invalid'];

/** Adds the security schemes, and the responses 401 and 429, to the operations they apply to. */
export function documentAccess(document: OpenAPIObject, keys: ApiKeys, limiter: RateLimiter): void {
  if (keys.required) document.components = { ...document.components, securitySchemes: SCHEMES };
  for (const [path, item] of Object.entries(document.paths)) {
    const surface = surfaceOf(path);
    if (surface === 'health') continue;
    for (const operation of [item.get, item.post]) {
      if (operation === undefined) continue;
      if (keys.required) operation.security = Object.keys(SCHEMES).map((scheme) => ({ [scheme]: [] }));
      const codes = [
        ...(keys.required ? KEY_ERRORS : []),
        ...(limiter.enabled && surface === 'api' ? ['rate_limited' as const] : []),
      ];
      for (const { status, ...answer } of problemAnswers(codes)) operation.responses[status] = answer;
    }
  }
}
