/** The one error type of the service: a stable code, a sentence a caller can act on, and details. It knows nothing of HTTP. */

/** Every way a request or the start of the service can fail. `http/problems/problem.ts` gives each code a status and title. */
export type ErrorCode =
  // what the caller sent
  | 'malformed_request'
  | 'headers_too_large'
  | 'expectation_failed'
  | 'request_timeout'
  | 'invalid_request'
  | 'malformed_body'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'not_found'
  // who the caller is, and how often it calls
  | 'api_key_missing'
  | 'api_key_invalid'
  | 'rate_limited'
  // the image
  | 'image_undecodable'
  | 'image_unsupported'
  | 'image_too_large'
  | 'image_too_many_pixels'
  | 'no_face'
  // where the image comes from
  | 'download_failed'
  | 'address_forbidden'
  | 'object_not_found'
  // the service itself
  | 'overloaded'
  | 'deadline_exceeded'
  | 'worker_failed'
  | 'invalid_configuration'
  | 'invalid_pack'
  | 'pack_unavailable'
  | 'internal';

/** Facts that go with the message: field names, limits, sizes. Never contents, credentials or URLs with a query. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An expected failure. Anything else that is thrown is a bug and reaches the caller as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError';

  /**
   * @param code stable and machine-readable; part of the API
   * @param message a sentence that says what is wrong and what to do about it
   * @param details facts that a program can use
   * @param options `cause`: the underlying error; it is logged, never sent
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The refusal of a request that there is no room for now.
 * @param message what there is too much of, and what to do
 * @param options `retryAfterSeconds`: when to try again; `cause`: the error underneath
 */
export function overloaded(
  message: string,
  details: ErrorDetails = {},
  { retryAfterSeconds = 1, cause }: { readonly retryAfterSeconds?: number; readonly cause?: unknown } = {},
): AppError {
  return new AppError(
    'overloaded',
    message,
    { ...details, retry_after_seconds: retryAfterSeconds },
    { cause },
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
