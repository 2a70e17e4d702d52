/** The refusals that more than one way of getting a picture can end in, worded once. */
import { AppError } from '../errors.js';

/** The formats this service decodes, for messages. */
export const SUPPORTED_FORMATS = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';

/** The encoded picture is over the byte cap. */
export function imageTooLarge(field: string, maxBytes: number): AppError {
  return new AppError(
    'image_too_large',
    `The picture in ${field} has more than ${maxBytes} bytes, the most this service accepts: send a smaller or more compressed one.`,
    { field, max_bytes: maxBytes },
  );
}

/**
 * The error of a request whose signal has aborted. An AppError given as the reason of the abort is kept:
 * whoever aborted knows best why.
 */
export function requestAborted(field: string, signal: AbortSignal): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  return new AppError(
    'deadline_exceeded',
    `The request reached its deadline while the picture in ${field} was being loaded: send a smaller picture or try again later.`,
    { field },
    { cause: signal.reason },
  );
}
