/** What every download shares: one deadline, and a byte cap while streaming. */
import { type Readable } from 'node:stream';
import { AppError } from '../../errors.js';
import { imageTooLarge, requestAborted } from '../image-errors.js';
import { unpacked } from './content-coding.js';
import { downloadFailed } from './download-failed.js';

/** Counts bytes that are about to be kept. */
export interface ByteCount {
  /** @throws AppError when there is no room for so many more */
  add(bytes: number): void;
}

/** What is known of a body before it is read. */
export interface BodyHead {
  /** The size the other side claims, in bytes. */
  readonly announced?: number;
  /** Its `Content-Encoding`. */
  readonly coding?: string;
}

/** The bounds within which a body is read. */
export interface ReadBounds {
  readonly maxBytes: number;
  /** The request field named in errors. */
  readonly field: string;
  readonly signal: AbortSignal;
  /** Told of all memory before it is taken. */
  readonly bytes?: ByteCount;
}

const FIRST_CAPACITY = 64 * 1024;

/**
 * Runs a download under the request's signal and its own deadline. It returns by then whatever the download does:
 * a wait that no signal reaches is left behind, and must not hold up the request or a stop of the service.
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
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    stop();
  }, timeoutMs);
  request.addEventListener('abort', stop, { once: true });
  try {
    return await unlessAborted(download(stopping.signal), stopping.signal);
  } catch (error) {
    // Nothing of it goes on once it has failed.
    stop();
    if (request.aborted) throw requestAborted(field, request);
    if (error instanceof AppError) throw error;
    if (late) {
      throw downloadFailed(
        field,
        `it took longer than ${timeoutMs} ms; use a faster server or a smaller picture`,
        error,
      );
    }
    throw explain(error);
  } finally {
    clearTimeout(deadline);
    request.removeEventListener('abort', stop);
  }
}

/**
 * Reads a body up to `maxBytes`, unpacked where it is compressed. An announced size above it is refused unread, a body
 * that grows beyond it at once; either way the stream is destroyed, and its socket with it.
 * @throws AppError `image_too_large`, `download_failed`, and what `bytes` throws
 */
export async function readCapped(
  body: Readable,
  { announced, coding }: BodyHead,
  { maxBytes, field, signal, bytes }: ReadBounds,
): Promise<Uint8Array> {
  const stop = (): void => void body.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  // Errors that come while nobody reads have been told already.
  body.on('error', () => undefined);
  if (signal.aborted) stop();
  try {
    if (announced !== undefined && announced > maxBytes) throw imageTooLarge(field, maxBytes);
    let kept = Buffer.alloc(0);
    let length = 0;
    // Chunks are copied, not collected: a body of many small ones would keep a multiple of its size.
    for await (const chunk of unpacked(body, coding, field)) {
      const needed = length + chunk.byteLength;
      if (needed > maxBytes) throw imageTooLarge(field, maxBytes);
      if (needed > kept.length) {
        // What is announced is not believed: room grows with what came, and ends where it says it ends.
        const roomy = Math.max(FIRST_CAPACITY, needed * (announced === undefined ? 2 : 4));
        const capacity = Math.max(needed, Math.min(roomy, announced ?? maxBytes, maxBytes));
        bytes?.add(capacity - kept.length);
        const grown = Buffer.allocUnsafeSlow(capacity);
        kept.copy(grown, 0, 0, length);
        kept = grown;
      }
      kept.set(chunk, length);
      length = needed;
    }
    return length === kept.length ? kept : Buffer.from(kept.subarray(0, length));
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
  }
}

/** The outcome of some work, or an error as soon as the signal aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    work.then(resolve, reject);
  });
}
