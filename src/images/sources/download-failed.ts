/** The error messages of failed downloads. */
import { AppError } from '../../errors.js';

/** The error of a failed download. `reason` completes the sentence "The download of … failed: …". */
export function downloadFailed(field: string, reason: string, cause?: unknown): AppError {
  return new AppError('download_failed', `The download of ${field} failed: ${reason}.`, { field }, { cause });
}

/** What happened to a connection, by its error code. This begins a sentence; the caller adds the remedy. */
export function connectionFailure(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA')
    return `the name of its host could not be resolved (${code})`;
  if (code === 'ECONNREFUSED') return 'its host refused the connection';
  if (code === 'ETIMEDOUT') return 'its host did not answer in time';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code))
    return `no secure connection could be made (${code})`;
  if (code.startsWith('HPE_')) return `it does not speak HTTP (${code})`;
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return 'the connection broke off before the picture was complete';
  return `the connection failed (${code})`;
}
