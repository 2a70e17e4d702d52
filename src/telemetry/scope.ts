/** Which request, and which of its pictures, the running code works for. Outside of a request nothing is noted. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { AppError, type ErrorCode } from '../errors.js';
import { PictureRecord, type PictureOrigin, type RequestRecord } from './request-record.js';

interface Scope {
  readonly request?: RequestRecord;
  readonly picture?: PictureRecord;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs what is done for a request. */
export function inRequest<T>(request: RequestRecord, work: () => T): T {
  return scopes.run({ request }, work);
}

/** Runs what is done for one picture of the running request, and notes how that ended. */
export async function inPicture<T>(
  field: string,
  origin: PictureOrigin,
  work: (picture: PictureRecord) => Promise<T>,
): Promise<T> {
  const picture = new PictureRecord(field, origin);
  const request = currentRequest();
  request?.pictures.push(picture);
  try {
    return await scopes.run({ request, picture }, () => work(picture));
  } catch (error) {
    picture.failure = codeOf(error);
    throw error;
  } finally {
    picture.endedAt = performance.now();
  }
}

/** The request the running code works for. */
export function currentRequest(): RequestRecord | undefined {
  return scopes.getStore()?.request;
}

/** Whose share of the service the running code takes; `unknown` outside of a request. */
export function currentShare(): string {
  return currentRequest()?.countedAs ?? 'unknown';
}

/** The picture the running code works for. */
export function currentPicture(): PictureRecord | undefined {
  return scopes.getStore()?.picture;
}

/** The code of anything that was thrown. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
