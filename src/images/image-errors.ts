/** Errors that more than one image source or decoder can throw. */
import { AppError } from '../errors.js';

/** The formats this service decodes, for messages. */
export const SUPPORTED_FORMATS = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';
/** The longest side of a picture in pixels: the maximum of a JPEG, and more than any photo has. */
const MAX_SIDE = 65_535;

/** The encoded picture has more bytes than allowed. */
export function imageTooLarge(field: string, maxBytes: number): AppError {
  return new AppError(
    'image_too_large',
    `The picture in ${field} has more than ${maxBytes} bytes, which is the limit: send a smaller or more compressed one.`,
    { field, max_bytes: maxBytes },
  );
}

/**
 * Refuses a picture for its size in pixels.
 * @throws AppError `image_too_many_pixels`
 */
export function assertSize(
  field: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): void {
  if (Math.max(width, height) > MAX_SIDE) {
    throw new AppError(
      'image_too_many_pixels',
      `The picture in ${field} has ${width} × ${height} pixels; a side may have up to ${MAX_SIDE}: send a smaller one.`,
      { field, width, height, max_side: MAX_SIDE },
    );
  }
  if (width * height > maxPixels) {
    throw new AppError(
      'image_too_many_pixels',
      `The picture in ${field} has ${width} × ${height} pixels; this service accepts up to ${maxPixels} in total: send a smaller one.`,
      { field, width, height, max_pixels: maxPixels },
    );
  }
}

/** The parts of the file have more pixels than a picture may have. */
export function tooManyParts(field: string, maxPixels: number): AppError {
  return new AppError(
    'image_too_many_pixels',
    `The picture in ${field} is composed of parts with more than the ${maxPixels} pixels this service accepts: send it as a single picture, such as a JPEG or PNG.`,
    { field, max_pixels: maxPixels },
  );
}

/** No decoder can read it. */
export function undecodable(field: string, cause?: unknown): AppError {
  return new AppError(
    'image_undecodable',
    `The picture in ${field} cannot be decoded, because it is damaged or incomplete: send a complete ${SUPPORTED_FORMATS}.`,
    { field },
    { cause },
  );
}

/** It can be decoded, but costs more than a picture of its size may. */
export function tooCostly(field: string, what: 'time' | 'memory'): AppError {
  return new AppError(
    'image_undecodable',
    `The picture in ${field} takes more ${what} to decode than a picture of its size may: save it again as a plain JPEG or PNG.`,
    { field },
  );
}

/**
 * The error of a request whose signal has aborted. If the reason of the abort is an AppError, it is returned as it is: it is the
 * most precise.
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
