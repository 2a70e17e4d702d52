/** The refusals that more than one way of getting a picture can end in, worded once. */
import { AppError } from '../errors.js';

/** The formats this service decodes, for messages. */
export const SUPPORTED_FORMATS = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';
/** The longest side of a picture in pixels: what a JPEG can have, and more than any photo. */
export const MAX_SIDE = 65_535;

/** The encoded picture is over the byte cap. */
export function imageTooLarge(field: string, maxBytes: number): AppError {
  return new AppError(
    'image_too_large',
    `The picture in ${field} has more than ${maxBytes} bytes, the most this service accepts: send a smaller or more compressed one.`,
    { field, max_bytes: maxBytes },
  );
}

/**
 * Refuses a picture for its size alone.
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

/** The file is made of parts that have more pixels than a picture may have. */
export function tooManyParts(field: string, maxPixels: number): AppError {
  return new AppError(
    'image_too_many_pixels',
    `The picture in ${field} is put together from parts with more pixels than the ${maxPixels} this service accepts: send it as one picture, such as a JPEG or PNG.`,
    { field, max_pixels: maxPixels },
  );
}

/** No decoder can make a picture of it. */
export function undecodable(field: string, cause?: unknown): AppError {
  return new AppError(
    'image_undecodable',
    `The picture in ${field} cannot be decoded; it is damaged or was cut short: send a complete ${SUPPORTED_FORMATS}.`,
    { field },
    { cause },
  );
}

/** It can be decoded, but not for what a picture of its size may cost. */
export function tooCostly(field: string, what: 'time' | 'memory'): AppError {
  return new AppError(
    'image_undecodable',
    `The picture in ${field} takes more ${what} to decode than a picture of its size may: save it anew, as a plain JPEG or PNG.`,
    { field },
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
