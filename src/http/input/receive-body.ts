/** Reads the body of a request piece by piece: unpacked, counted as it arrives, and no longer than anybody waits for it. */
import type { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { AppError } from '../../errors.js';
import { bodyTooLarge } from '../problems/problem.js';
import { continueBody } from '../server/expect-continue.js';
import type { BodyHolding } from './body-gate.js';
import { unpackerOf } from './media-type.js';

/** What bounds a body. */
export interface BodyLimits {
  /** Most bytes, as sent and unpacked. */
  readonly maxBytes: number;
  /** Counts what has arrived, unpacked. */
  readonly holding: BodyHolding;
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Bytes that are said to come: 0 without a body, undefined where the request does not say. */
export function announcedBytes({ headers }: Pick<Request, 'headers'>): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/**
 * Hands over each piece as it arrives. A body that is refused is not read further.
 * @param take may throw to refuse the rest
 * @throws AppError `body_too_large`, `overloaded`, `unsupported_media_type`, `malformed_body`, `deadline_exceeded`
 */
export async function receiveBody(
  request: Request,
  response: Response,
  { maxBytes, holding, signal }: BodyLimits,
  take: (piece: Buffer) => void,
): Promise<void> {
  if ((announcedBytes(request) ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const unpacker = unpackerOf(request.headers);
  continueBody(request, response);
  let sent = 0;
  let unpacked = 0;
  const count = (piece: Buffer): void => {
    unpacked += piece.byteLength;
    if (unpacked > maxBytes) throw bodyTooLarge(maxBytes);
    holding.add(piece.byteLength);
    take(piece);
  };
  if (unpacker === undefined) return read(request, signal, count);
  const countSent = (piece: Buffer): void => {
    sent += piece.byteLength;
    if (sent > maxBytes) throw bodyTooLarge(maxBytes);
  };
  try {
    // Both ends are watched: the caller may leave, and what it sent may be no such compression.
    await Promise.all([
      read(request, signal, countSent),
      read(request.pipe(unpacker), signal, count).catch((error: unknown) => {
        throw error instanceof AppError ? error : notUnpackable(error);
      }),
    ]);
  } finally {
    request.unpipe(unpacker);
    unpacker.destroy();
  }
}

function read(source: Readable, signal: AbortSignal, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      source.off('data', onData).off('end', onEnd).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        source.pause();
        reject(error);
      });
    const onData = (piece: Buffer): void => {
      try {
        take(piece);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => settle(resolve);
    const onClose = (): void => fail(new AppError('malformed_body', 'The request body was cut short.'));
    const onAbort = (): void => fail(signal.reason);
    // Stays: a stream may fail once more after the first failure.
    source.on('error', fail);
    source.on('data', onData).on('end', onEnd).on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function notUnpackable(cause: unknown): AppError {
  return new AppError(
    'malformed_body',
    'The request body cannot be unpacked: it is damaged, or not compressed the way its Content-Encoding says.',
    {},
    { cause },
  );
}
