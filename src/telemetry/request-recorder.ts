/** Keeps the record of each request, from its first byte to the last of its answer. */
import type { NextFunction, Request, Response } from 'express';
import { RequestRecord } from './request-record.js';
import { inRequest } from './scope.js';
import type { Telemetry } from './telemetry.service.js';
import type { ProblemDto } from '../http/problems/problem.dto.js';
import { callerOf, requestIdOf } from './request-context.js';

const records = new WeakMap<Request, RequestRecord>();

/** The status of an answer nobody waited for, as proxies log it. */
const CALLER_LEFT = 499;

/** Middleware, right after `requestContext`: runs the rest in the scope of the request's record. */
export function recordRequests(telemetry: Telemetry) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const record = new RequestRecord(requestIdOf(request), request.method);
    records.set(request, record);
    telemetry.begin(record, request.headers);
    inRequest(record, () => {
      response.once('close', () => {
        record.route = routeOf(request);
        record.caller = callerOf(request);
        record.status = response.writableFinished ? response.statusCode : CALLER_LEFT;
        inRequest(record, () => telemetry.end(record));
      });
      next();
    });
  };
}

/** Notes whose share of the service a request takes: `key:NAME` or `address:…`. */
export function countFor(request: Request, countedAs: string): void {
  const record = records.get(request);
  if (record !== undefined) record.countedAs = countedAs;
}

/** Whose share of the service a request takes; the same for all that nobody was asked about. */
export function countedAs(request: Request): string {
  return records.get(request)?.countedAs ?? 'unknown';
}

/** Notes that a request, or an item of its batch, was answered with a problem. */
export function noteProblem(request: Request, { code, status }: ProblemDto): void {
  records.get(request)?.problems.push({ code, status });
}

interface Layer {
  readonly route?: { readonly path: unknown };
}

/**
 * The pattern of the route that served a request. A body that cannot be read is refused before there is one: then its
 * path, if it is one of ours.
 */
function routeOf(request: Request): string {
  const { stack } = (request.app as unknown as { router: { stack: Layer[] } }).router;
  const matched = (request.route as Layer['route'])?.path ?? request.path;
  for (const { route } of stack) {
    if (typeof route?.path !== 'string') continue;
    const pattern = route.path.replaceAll('\\', '');
    if (route.path === matched || pattern === matched) return pattern;
  }
  return 'other';
}
