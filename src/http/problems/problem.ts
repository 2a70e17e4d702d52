/** RFC 9457 problem documents, and the one table that maps error codes to HTTP statuses. */
import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode } from '../../errors.js';
import type { ProblemDto } from './problem.dto.js';

/** Status and title of each error code. */
export const PROBLEMS: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>> = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  malformed_body: { status: 400, title: 'The request body cannot be read' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  not_found: { status: 404, title: 'The route does not exist' },
  api_key_missing: { status: 401, title: 'An API key is required' },
  api_key_invalid: { status: 401, title: 'The API key is not valid' },
  rate_limited: { status: 429, title: 'Too many requests' },
  image_undecodable: { status: 400, title: 'The image cannot be decoded' },
  image_unsupported: { status: 415, title: 'The image format is not supported' },
  image_too_large: { status: 413, title: 'The image has too many bytes' },
  image_too_many_pixels: { status: 413, title: 'The image has too many pixels' },
  no_face: { status: 400, title: 'There is no face in the image' },
  download_failed: { status: 400, title: 'The image cannot be downloaded' },
  address_forbidden: { status: 400, title: 'The address is not allowed' },
  object_not_found: { status: 404, title: 'The object does not exist' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  deadline_exceeded: { status: 504, title: 'The deadline has passed' },
  worker_failed: { status: 500, title: 'The analysis failed' },
  invalid_configuration: { status: 500, title: 'The configuration is not valid' },
  invalid_pack: { status: 500, title: 'The model pack is not valid' },
  pack_unavailable: { status: 500, title: 'The model pack cannot be prepared' },
  internal: { status: 500, title: 'Something went wrong' },
};

/**
 * The problem document of anything that was thrown. Of an unexpected error, the caller sees nothing but the request's id.
 */
export function toProblem(error: unknown, requestId: string): ProblemDto {
  const { code, message, details } = toAppError(error);
  if (PROBLEMS[code].status !== 500) return { ...problemOf(code, message, requestId), ...details };
  const detail = `Please report this to the operator of the service, with the request id ${requestId}.`;
  return problemOf(code, detail, requestId);
}

/** The members that every problem document has. */
export function problemOf(code: ErrorCode, detail: string, requestId: string): ProblemDto {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:problem:face-analysis:${code}`, title, status, detail, code, request_id: requestId };
}

/** Translates what Nest and Express throw. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const httpStatus = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (httpStatus === 404)
    return new AppError(
      'not_found',
      'There is no such route: GET /docs lists all routes, if the documentation is enabled.',
    );
  if (typeof httpStatus === 'number' && httpStatus >= 400 && httpStatus < 500) {
    return new AppError(
      'malformed_request',
      `The request cannot be read (${STATUS_CODES[httpStatus] ?? httpStatus}): check its method, URL and headers.`,
    );
  }
  return new AppError('internal', 'Unexpected error.', {}, { cause: error });
}

/** The status that Express's own errors carry. */
function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
}

/** The request body, of any kind, is over its limit. */
export function bodyTooLarge(maxBytes: number): AppError {
  return new AppError(
    'body_too_large',
    `The request body has more than ${maxBytes} bytes, which is the limit: send a smaller or more compressed picture.`,
    { max_bytes: maxBytes },
  );
}

/** An `invalid_request` about one field. */
export function validation(field: string, message: string): AppError {
  return new AppError('invalid_request', `${field} ${message}.`, { errors: [{ field, message }] });
}
