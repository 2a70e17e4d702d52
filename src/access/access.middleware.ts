/** Lets a request in or not, before any of its body is read: is the route served here, whose key is it, how often does it call. */
import type { NextFunction, Request, Response } from 'express';
import type { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import { isManagementRequest } from '../http/server/management-server.js';
import { recordOf } from '../telemetry/request-recorder.js';
import { hasExpired } from './api-key.js';
import type { ApiKeys } from './api-keys.service.js';
import { countedAddress } from './caller-address.js';
import type { Allowance, RateLimiter } from './rate-limiter.service.js';
import { type Surface, surfaceOf } from './surface.js';

/** The middleware. Health and the documentation need no key, nor do metrics on a port of their own. */
export function access(config: Config, keys: ApiKeys, limiter: RateLimiter) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const surface = surfaceOf(request.path);
    const management = isManagementRequest(request);
    if (!isServed(surface, management, config)) {
      throw new AppError('not_found', 'This route is not served on this port.');
    }
    if (surface === 'api') await guard(request, response, keys, limiter);
    if (surface === 'metrics' && !management) refuse(identify(request, keys), response);
    next();
  };
}

function isServed(surface: Surface, management: boolean, config: Config): boolean {
  if (surface === 'health' || surface === 'api') return true;
  const enabled = surface === 'docs' ? config.docsEnabled : config.metricsEnabled;
  return enabled && (management || config.managementPort === undefined);
}

/** Requests with a valid key are counted by its name; those without one by their address, and refused after that. */
async function guard(
  request: Request,
  response: Response,
  keys: ApiKeys,
  limiter: RateLimiter,
): Promise<void> {
  const caller = identify(request, keys);
  const counted = typeof caller === 'string' ? `key:${caller}` : `address:${countedAddress(request.ip)}`;
  recordOf(request).countedAs = counted;
  if (limiter.enabled) admit(await limiter.count(counted), response);
  refuse(caller, response);
}

/** The name of the request's key, why it is refused, or undefined where no key is needed. */
function identify(request: Request, keys: ApiKeys): string | AppError | undefined {
  if (!keys.required) return undefined;
  const given = keyOf(request);
  if (given === undefined) {
    return new AppError(
      'api_key_missing',
      'Send an API key as "Authorization: Bearer <key>" or "X-API-Key: <key>"; the operator of the service gives them out.',
    );
  }
  const key = keys.find(given);
  if (key !== undefined && !hasExpired(key)) {
    recordOf(request).caller = key.name;
    return key.name;
  }
  return new AppError(
    'api_key_invalid',
    key === undefined
      ? 'The API key is not known: check that it was copied whole, or ask the operator of the service for another.'
      : `The API key "${key.name}" expired on ${key.expires}: ask the operator of the service for another.`,
  );
}

/** @throws AppError when that is what became of the caller */
function refuse(caller: string | AppError | undefined, response: Response): void {
  if (!(caller instanceof AppError)) return;
  const reason = caller.code === 'api_key_invalid' ? ', error="invalid_token"' : '';
  response.setHeader('WWW-Authenticate', `Bearer realm="face-analysis"${reason}`);
  throw caller;
}

/** The key a request carries, in either header; the standard one wins. */
function keyOf(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
  return bearer ?? request.get('x-api-key');
}

/** @throws AppError `rate_limited` */
function admit({ allowed, limit, remaining, resetSeconds }: Allowance, response: Response): void {
  response.setHeader('RateLimit-Limit', limit);
  response.setHeader('RateLimit-Remaining', remaining);
  response.setHeader('RateLimit-Reset', resetSeconds);
  if (allowed) return;
  response.setHeader('Retry-After', resetSeconds);
  throw new AppError(
    'rate_limited',
    `More requests than the ${limit} that are allowed in a window: try again in ${resetSeconds} s.`,
    { retry_after_seconds: resetSeconds },
  );
}
