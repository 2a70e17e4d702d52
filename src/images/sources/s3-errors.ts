/**
 * Explains the errors of an S3 store to the caller, without the names, keys and account numbers in the store's own messages.
 * The operator finds the store's code in the log.
 */
import { AppError } from '../../errors.js';
import { codeOfCause, nameOf } from './causes.js';
import { connectionFailure, downloadFailed } from './download-failed.js';

/** Codes that mean the service itself is misconfigured: its keys, clock, region or account. */
const SETTINGS_AT_FAULT =
  /^(SignatureDoesNotMatch|InvalidAccessKeyId|RequestTimeTooSkewed|RequestExpired|(Expired|Invalid)Token(Exception|Id)?|TokenRefreshRequired|Authorization(Header|QueryParameters)\w+|InvalidSecurity|MissingSecurity\w+|MissingAuthenticationToken\w*|InvalidClientTokenId|UnrecognizedClient\w*|IncompleteSignature|NotSignedUp|AccountProblem|InvalidPayer|\w*Redirect|IllegalLocationConstraint\w*|InvalidRegion\w*|XAmzContentSHA256Mismatch|(CredentialsProvider|TokenProvider|ProviderConfig)\w*)$/;

/** The HTTP status of the store's answer; undefined if there was none. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Whether the object may not exist. Without permission to list the bucket, Amazon answers 403 for missing objects. */
export function mayBeMissing(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || (status === 403 && !SETTINGS_AT_FAULT.test(nameOf(error)));
}

/** The error for the caller. */
export function explainS3(error: unknown, field: string): AppError {
  const name = nameOf(error);
  const status = statusOf(error);
  if (SETTINGS_AT_FAULT.test(name)) {
    const reason = name.startsWith('Credentials')
      ? 'the service has no AWS credentials; its operator has to provide them through the environment, a profile or a role'
      : 'the store rejects the credentials of this service; its operator has to correct the S3 settings (credentials, clock or region)';
    return downloadFailed(field, reason, error);
  }
  if (status === undefined) return downloadFailed(field, unreachable(error, name), error);
  if (status === 404) {
    const missing = name === 'NoSuchBucket' ? 'bucket' : 'object';
    return new AppError(
      'object_not_found',
      `The ${missing} that ${field} names does not exist: check bucket and key.`,
      { field },
      { cause: error },
    );
  }
  if (name === 'InvalidObjectState') {
    return downloadFailed(field, 'the object is archived; restore it first', error);
  }
  if (status === 403) {
    return downloadFailed(
      field,
      'the store denies access; the service needs permission to read this object (s3:GetObject), and to list its bucket in order to recognise missing objects',
      error,
    );
  }
  const remedy =
    status >= 500 || status === 429
      ? 'try again'
      : 'check bucket and key, or ask the operator to check the S3 settings';
  return downloadFailed(field, `the store answered with status ${status}; ${remedy}`, error);
}

function unreachable(error: unknown, name: string): string {
  const code = codeOfCause(error) ?? (name === 'TimeoutError' ? 'ETIMEDOUT' : undefined);
  const failure = code === undefined ? `it could not be read (${name})` : connectionFailure(code);
  return `the store cannot be used: ${failure}; try again, or ask the operator to check the S3 settings`;
}
