/** What every request carries: an id that is also in the log, and one signal for its deadline and its caller's leaving. */
import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../errors.js';

interface RequestContext {
  readonly id: string;
  readonly signal: AbortSignal;
  /** Name of the API key the request came with. */
  caller?: string;
}

const contexts = new WeakMap<Request, RequestContext>();

/** Caller-chosen ids are taken over when they cannot do harm in a log. */
const HARMLESS_ID = /^[\w.:-]{1,64}$/;

/** Middleware: gives each request its id (`X-Request-Id`) and its signal. */
export function requestContext(timeoutMs: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id');
    const id = given !== undefined && HARMLESS_ID.test(given) ? given : randomUUID();
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
    response.setHeader('X-Request-Id', id);
    contexts.set(request, { id, signal: controller.signal });
    if (request.httpVersion === '1.1' && request.headers.host === undefined)
      return next(
        new AppError('malformed_request', 'The request has no Host header, which HTTP/1.1 demands.'),
      );
    next();
  };
}

/** The id of a request. */
export function requestIdOf(request: Request): string {
  return contexts.get(request)?.id ?? 'unknown';
}

/** The request's AbortSignal, whose reason is an AppError. */
export function signalOf(request: Request): AbortSignal {
  const found = contexts.get(request);
  if (found === undefined) throw new Error('The request-context middleware is not installed.');
  return found.signal;
}

/** Notes whose API key a request came with: a name for the log, never the key. */
export function setCaller(request: Request, name: string): void {
  const context = contexts.get(request);
  if (context !== undefined) context.caller = name;
}

/** The name of the API key a request came with; undefined without one. */
export function callerOf(request: Request): string | undefined {
  return contexts.get(request)?.caller;
}

/** Parameter decorator: the request's AbortSignal, whose reason is an AppError. */
export const RequestSignal = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal =>
  signalOf(context.switchToHttp().getRequest<Request>()),
);
