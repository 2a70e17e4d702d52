/** Turns requests away before their body is read: a body that is parsed first costs more than its refusal saves. */
import type { NextFunction, Request, Response } from 'express';
import { closeGently } from './close-gently.js';
import { countedAs } from './request-recorder.js';

/** Who decides. */
export interface Gate {
  /** Refuses early where no picture could be taken in. */
  assertRoom(): void;
  /** Begins to count bytes, or throws. */
  hold(caller: string): { add(bytes: number): void; free(): void };
}

/** The unread rest of a refused body is read and dropped up to this size, which keeps the connection. */
const DRAINED_BYTES = 1024 * 1024;

/**
 * Middleware in front of the body parsers.
 * @param maxBodyBytes what a body counts as that does not say how long it will be
 */
export function admission(gate: Gate, maxBodyBytes: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST') return next();
    const bytes = bodyBytes(request, maxBodyBytes);
    try {
      gate.assertRoom();
      const holding = gate.hold(countedAs(request));
      response.once('close', () => holding.free());
      holding.add(bytes);
    } catch (error) {
      if (bytes > DRAINED_BYTES) closeGently(request, response);
      return next(error);
    }
    next();
  };
}

/** Compressed bodies may grow to the limit; so may those that come in chunks. Longer ones are refused by their parser. */
function bodyBytes({ headers }: Request, maxBodyBytes: number): number {
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = headers;
  if (headers['transfer-encoding'] === undefined && length === undefined) return 0;
  const announced = encoding === 'identity' ? Number(length) : NaN;
  return Number.isNaN(announced) ? maxBodyBytes : Math.min(announced, maxBodyBytes);
}
