/** Decides whether to accept a request, before its body is read: by its port, its API key and the rate limit. */
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

/** The middleware. Health and documentation need no key, nor do metrics on the management port. */
export function access(config: Config, keys: ApiKeys, limiter: RateLimiter) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const surface = surfaceOf(request.path);
    const management = isManagementRequest(request);
    if (!isServed(surface, management, config)) {
      throw new AppError('not_found', 'This route is not available on this port.');
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

/** Counts requests with a valid key by its name, all others by their address. Those are refused after they are counted. */
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

/** The name of the request's key, the reason to refuse it, or undefined if no key is required. */
function identify(request: Request, keys: ApiKeys): string | AppError | undefined {
  if (!keys.required) return undefined;
  const given = keyOf(request);
  if (given === undefined) {
    return new AppError(
      'api_key_missing',
      'An API key is required: send it as "Authorization: Bearer <key>" or "X-API-Key: <key>", or ask the operator of the service for one.',
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
      ? 'The API key is not known: check that it was copied completely, or ask the operator of the service for a new one.'
      : `The API key "${key.name}" expired on ${key.expires}: ask the operator of the service for a new one.`,
  );
}

/** @throws AppError if `caller` is a reason to refuse the request */
function refuse(caller: string | AppError | undefined, response: Response): void {
  if (!(caller instanceof AppError)) return;
  const reason = caller.code === 'api_key_invalid' ? ', error="invalid_token"' : '';
  response.setHeader('WWW-Authenticate', `Bearer realm="face-analysis"${reason}`);
  throw caller;
}

/** The key in a request's headers. The standard header takes precedence. */
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
    `The limit of ${limit} requests per time window is reached: try again in ${resetSeconds} s.`,
    { retry_after_seconds: resetSeconds },
  );
}
