/** Keeps the record of each request, from its head to the last byte of its answer, with its id and its deadline. */
import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../errors.js';
import { type ProblemRecord, RequestRecord } from './request-record.js';
import { inRequest } from './scope.js';
import type { Telemetry } from './telemetry.service.js';

const records = new WeakMap<Request, RequestRecord>();

/** Ids chosen by callers are used if they cannot do harm in a log. */
const HARMLESS_ID = /^[\w.:-]{1,64}$/;

/** The status noted if the caller left before the answer, as proxies log it. */
const CALLER_LEFT = 499;

/**
 * Middleware: gives each request its id (`X-Request-Id`) and its signal, and runs the rest of the request in the scope
 * of its record.
 */
export function recordRequests(telemetry: Telemetry, timeoutMs: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const record = new RequestRecord(idOf(request), request.method, deadlineOf(response, timeoutMs));
    response.setHeader('X-Request-Id', record.id);
    records.set(request, record);
    telemetry.begin(record, request.headers);
    inRequest(record, () => {
      response.once('close', () => {
        record.route = routeOf(request);
        record.status = response.writableFinished ? response.statusCode : CALLER_LEFT;
        inRequest(record, () => telemetry.end(record));
      });
      next(missingHost(request));
    });
  };
}

/** The record of a request. @throws Error if the middleware is not installed */
export function recordOf(request: Request): RequestRecord {
  const record = records.get(request);
  if (record === undefined) throw new Error('The recordRequests middleware is not installed.');
  return record;
}

/** Notes that a request, or an item of its batch, was answered with a problem. */
export function noteProblem(request: Request, { code, status }: ProblemRecord): void {
  recordOf(request).problems.push({ code, status });
}

/** Parameter decorator: the request's AbortSignal, whose reason is an AppError. */
export const RequestSignal = createParamDecorator(
  (_: unknown, context: ExecutionContext): AbortSignal =>
    recordOf(context.switchToHttp().getRequest<Request>()).signal,
);

function idOf(request: Request): string {
  const given = request.get('x-request-id');
  return given !== undefined && HARMLESS_ID.test(given) ? given : randomUUID();
}

/** A signal that aborts if the request takes too long, or if its caller leaves before the answer. */
function deadlineOf(response: Response, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new AppError(
        'deadline_exceeded',
        `The request took longer than ${timeoutMs} ms: send a smaller picture, or try again later.`,
      ),
    );
  }, timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished)
      controller.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  });
  return controller.signal;
}

function missingHost({ httpVersion, headers }: Request): AppError | undefined {
  return httpVersion === '1.1' && headers.host === undefined
    ? new AppError('malformed_request', 'The request has no Host header, which HTTP/1.1 requires.')
    : undefined;
}

interface Layer {
  readonly route?: { readonly path: unknown };
}

/**
 * The pattern of the route that served a request. A request whose body cannot be read is refused before it is routed;
 * then the pattern that its path equals, if there is one.
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
