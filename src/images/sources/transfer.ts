/** What all downloads share: one deadline, and a byte limit while streaming. */
import { type Readable } from 'node:stream';
import { AppError } from '../../errors.js';
import { imageTooLarge, requestAborted } from '../image-errors.js';
import { unpacked } from './content-coding.js';
import { downloadFailed } from './download-failed.js';

/** Counts bytes before they are kept. */
export interface ByteCount {
  /** @throws AppError when there is no room for that many more */
  add(bytes: number): void;
}

/** What is known about a body before it is read. */
export interface BodyHead {
  /** The size that the other side announces, in bytes. */
  readonly announced?: number;
  /** Its `Content-Encoding`. */
  readonly coding?: string;
}

/** The limits for reading a body. */
export interface ReadBounds {
  readonly maxBytes: number;
  /** The request field named in errors. */
  readonly field: string;
  readonly signal: AbortSignal;
  /** Counts all memory before it is allocated. */
  readonly bytes?: ByteCount;
}

const FIRST_CAPACITY = 64 * 1024;

/**
 * Runs a download under the request's signal and its own deadline. It returns by the deadline, whatever the download does: a
 * wait that ignores the signal is abandoned, and delays neither the request nor a shutdown.
 * @param download gets the signal that stops it; it must then close its sockets
 * @param explain turns any other error into one for the caller
 * @throws AppError `download_failed` after `timeoutMs`, the request's own error when `request` aborts
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
    // Stop everything that still runs.
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
 * Reads a body of up to `maxBytes`, and unpacks it if it is compressed. An announced size above the limit is refused before
 * reading; a body that exceeds the limit is refused at once. In both cases the stream and its socket are destroyed.
 * @throws AppError `image_too_large`, `download_failed`, and what `bytes` throws
 */
export async function readCapped(
  body: Readable,
  { announced, coding }: BodyHead,
  { maxBytes, field, signal, bytes }: ReadBounds,
): Promise<Uint8Array> {
  const stop = (): void => void body.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  // Errors that arrive while nothing reads have been reported already.
  body.on('error', () => undefined);
  if (signal.aborted) stop();
  try {
    if (announced !== undefined && announced > maxBytes) throw imageTooLarge(field, maxBytes);
    let kept = Buffer.alloc(0);
    let length = 0;
    // Chunks are copied, not collected: a body of many small chunks would hold a multiple of its size.
    for await (const chunk of unpacked(body, coding, field)) {
      const needed = length + chunk.byteLength;
      if (needed > maxBytes) throw imageTooLarge(field, maxBytes);
      if (needed > kept.length) {
        // The announced size is not trusted: it only caps the capacity, which grows with the bytes received.
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

/** Settles like the work, but rejects as soon as the signal aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    work.then(resolve, reject);
  });
}
