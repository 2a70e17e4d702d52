/** Turns requests away before their body is read: a body that is parsed first costs more than its refusal saves. */
import type { NextFunction, Request, Response } from 'express';

/** Who decides. */
export interface Gate {
  /** Lets so many bytes in, or throws; the result gives them back. */
  receive(bytes: number): () => void;
}

/** The unread rest of a refused body is read and dropped up to this size, which keeps the connection. */
const DRAINED_BYTES = 1024 * 1024;
/** How long what a caller goes on sending is dropped before the connection is cut. */
const LINGER_MS = 2_000;

/**
 * Middleware in front of the body parsers.
 * @param maxBodyBytes what a body counts as that does not say how long it will be
 */
export function admission(gate: Gate, maxBodyBytes: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST') return next();
    const bytes = bodyBytes(request, maxBodyBytes);
    try {
      response.once('close', gate.receive(bytes));
    } catch (error) {
      if (bytes > DRAINED_BYTES) closeGently(request, response);
      return next(error);
    }
    next();
  };
}

/**
 * Ends the connection after the answer, but not at once: to close a socket while the other side still sends resets it, and
 * a reset can overtake the answer, so that the caller never reads why.
 */
function closeGently({ socket }: Request, response: Response): void {
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}

/** Compressed bodies may grow to the limit; so may those that come in chunks. Longer ones are refused by their parser. */
function bodyBytes({ headers }: Request, maxBodyBytes: number): number {
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = headers;
  if (headers['transfer-encoding'] === undefined && length === undefined) return 0;
  const announced = encoding === 'identity' ? Number(length) : NaN;
  return Number.isNaN(announced) ? maxBodyBytes : Math.min(announced, maxBodyBytes);
}
