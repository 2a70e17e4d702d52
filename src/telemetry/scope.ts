/** Which request, and which of its pictures, the running code works for. Outside a request, nothing is noted. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { AppError, type ErrorCode } from '../errors.js';
import { PictureRecord, type PictureOrigin, type RequestRecord } from './request-record.js';

interface Scope {
  readonly request?: RequestRecord;
  readonly picture?: PictureRecord;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs work for a request; `currentRequest` returns it there. */
export function inRequest<T>(request: RequestRecord, work: () => T): T {
  return scopes.run({ request }, work);
}

/** Runs work for one picture of the current request, and notes in the request's record when and how it ended. */
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

/** The request that the running code works for; undefined outside a request. */
export function currentRequest(): RequestRecord | undefined {
  return scopes.getStore()?.request;
}

/** The caller whose share of the service the running code takes; `unknown` outside a request. */
export function currentShare(): string {
  return currentRequest()?.countedAs ?? 'unknown';
}

/** The picture that the running code works for; undefined outside one. */
export function currentPicture(): PictureRecord | undefined {
  return scopes.getStore()?.picture;
}

/** The error code of a thrown value: `internal` unless it is an AppError. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
