/** What every download shares: one deadline, a byte cap while streaming, and words for how it can fail. */
import { type Readable } from 'node:stream';
import { AppError } from '../../errors.js';
import { imageTooLarge, requestAborted } from '../image-errors.js';

/** A failed download, as the caller is told. `reason` completes the sentence "The download of … failed: …". */
export function downloadFailed(field: string, reason: string, cause?: unknown): AppError {
  return new AppError('download_failed', `The download of ${field} failed: ${reason}.`, { field }, { cause });
}

/**
 * Runs a download under the request's signal and its own deadline.
 * @param download gets the signal that stops it; it must let go of its sockets then
 * @param explain turns any other error into one for the caller
 * @throws AppError `download_failed` past `timeoutMs`, the request's own error when `request` aborts
 */
export async function transfer<T>(
  field: string,
  request: AbortSignal,
  timeoutMs: number,
  download: (signal: AbortSignal) => Promise<T>,
  explain: (error: unknown) => AppError,
): Promise<T> {
  if (request.aborted) throw requestAborted(field, request);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await download(AbortSignal.any([request, deadline]));
  } catch (error) {
    if (request.aborted) throw requestAborted(field, request);
    if (error instanceof AppError) throw error;
    if (deadline.aborted) {
      throw downloadFailed(
        field,
        `it took longer than ${timeoutMs} ms; use a faster server or a smaller picture`,
        error,
      );
    }
    throw explain(error);
  }
}

/**
 * Reads a body up to `maxBytes`. An announced size above it is refused unread, a body that grows beyond it at once;
 * either way the stream is destroyed, and its socket with it.
 * @param announced the size the other side claims, in bytes
 * @throws AppError `image_too_large`
 */
export async function readCapped(
  body: Readable,
  announced: number | undefined,
  maxBytes: number,
  field: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stop = (): void => void body.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    if (announced !== undefined && announced > maxBytes) throw imageTooLarge(field, maxBytes);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw imageTooLarge(field, maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, bytes);
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
  }
}
