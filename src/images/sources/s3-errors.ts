/**
 * What the answers of an S3 store mean: for the caller in words, without the names, keys and account numbers that the
 * store's own messages hold. The operator finds the store's code in the log.
 */
import { AppError } from '../../errors.js';
import { codeOfCause, nameOf } from './causes.js';
import { connectionFailure, downloadFailed } from './download-failed.js';

/** Codes that say the service's own settings are wrong: its keys, its clock, its region, its account. */
const SETTINGS_AT_FAULT =
  /^(SignatureDoesNotMatch|InvalidAccessKeyId|RequestTimeTooSkewed|RequestExpired|(Expired|Invalid)Token(Exception|Id)?|TokenRefreshRequired|Authorization(Header|QueryParameters)\w+|InvalidSecurity|MissingSecurity\w+|MissingAuthenticationToken\w*|InvalidClientTokenId|UnrecognizedClient\w*|IncompleteSignature|NotSignedUp|AccountProblem|InvalidPayer|\w*Redirect|IllegalLocationConstraint\w*|InvalidRegion\w*|XAmzContentSHA256Mismatch|(CredentialsProvider|TokenProvider|ProviderConfig)\w*)$/;

/** The HTTP status a store answered with; undefined where it did not answer. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Without the right to list a bucket, Amazon answers 403 for what is not there. */
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
      ? 'the service has no AWS credentials; its operator has to provide them by environment, profile or role'
      : 'the store does not accept how this service signs in; its operator has to mend the S3 settings (credentials, clock or region)';
    return downloadFailed(field, reason, error);
  }
  if (status === undefined) return downloadFailed(field, unreachable(error, name), error);
  if (status === 404) {
    const missing = name === 'NoSuchBucket' ? 'bucket' : 'object';
    return new AppError(
      'object_not_found',
      `The ${missing} that ${field} names is not in the store: check bucket and key.`,
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
      'the store denies access; the service needs permission to read this object (s3:GetObject), and to list its bucket to tell a missing object',
      error,
    );
  }
  const remedy =
    status >= 500 || status === 429
      ? 'try again'
      : 'check bucket and key, or have the operator check the S3 settings';
  return downloadFailed(field, `the store answered with status ${status}; ${remedy}`, error);
}

function unreachable(error: unknown, name: string): string {
  const code = codeOfCause(error) ?? (name === 'TimeoutError' ? 'ETIMEDOUT' : undefined);
  const failure = code === undefined ? `it could not be read (${name})` : connectionFailure(code);
  return `the store cannot be used: ${failure}; try again, or have the operator check the S3 settings`;
}
