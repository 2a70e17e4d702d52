/** Reads the body of a request piece by piece. It unpacks the body, counts its bytes and stops when the request ends. */
import type { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { AppError } from '../../errors.js';
import { bodyTooLarge } from '../problems/problem.js';
import { continueBody } from '../server/expect-continue.js';
import type { BodyHolding } from './body-gate.js';
import { unpackerOf } from './media-type.js';

/** The limits for a body. */
export interface BodyLimits {
  /** Maximum size, both as sent and unpacked. */
  readonly maxBytes: number;
  /** Counts the unpacked bytes. */
  readonly holding: BodyHolding;
  /** Stops reading when it aborts; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** The size that the headers announce: 0 without a body, undefined if they do not say. */
export function announcedBytes({ headers }: Pick<Request, 'headers'>): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/**
 * Passes each piece to `take` as it arrives. Once a body is refused, the rest is not read.
 * @param take may throw to refuse the body
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
    // Watch both ends: the caller may disconnect, and the data may not be compressed as announced.
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
    const onClose = (): void =>
      fail(new AppError('malformed_body', 'The request body was cut short: send it again.'));
    const onAbort = (): void => fail(signal.reason);
    // This listener stays: a stream may emit a second error.
    source.on('error', fail);
    source.on('data', onData).on('end', onEnd).on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function notUnpackable(cause: unknown): AppError {
  return new AppError(
    'malformed_body',
    'The request body cannot be unpacked: it is damaged, or not compressed as its Content-Encoding says. Send it uncompressed.',
    {},
    { cause },
  );
}
